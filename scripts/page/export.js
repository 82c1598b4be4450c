// The current view of a panel as a file.

function savedName(panel, suffix) {
  const id = panel.state.recording.data.id.replace(/[^A-Za-z0-9._-]+/g, "_").replace(/^\.+/, "");
  return `${id.slice(0, 80) || "record"}-${panel.name}.${suffix}`;
}

function save(blob, name) {
  const link = element("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function panelSvg(panel) {
  const pen = new SvgPen(panel.width, panel.height, panel.colours.paper);
  panel.paint(pen);
  return pen.svg;
}

function saveSvg(panel) {
  save(new Blob([panelSvg(panel)], { type: "image/svg+xml" }), savedName(panel, "svg"));
}

function savePng(panel) {
  const sheet = element("canvas");
  [sheet.width, sheet.height] = [panel.canvas.width, panel.canvas.height];
  const context = sheet.getContext("2d");
  context.fillStyle = panel.colours.paper;
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.drawImage(panel.canvas, 0, 0);
  sheet.toBlob((blob) => save(blob, savedName(panel, "png")));
}
