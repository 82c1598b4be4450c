"""What ``--reward`` takes: a mode of the free energy, a combination of rewards, or a file."""

from typing import Any, get_args

from boxfold.features.errors import InputError
from boxfold.rewards.combination import combination_of
from boxfold.rewards.plugins import reward_names
from boxfold.rewards.reward import RewardConfig, RewardMode
from boxfold.rewards.terms import RewardTerm, terms_of_file, terms_of_text

REWARD_HELP = (
    "final (free energy at the end), immediate (its change at each pick), potential (the former "
    "with shaping); or rewards by weight, energy=1,shape=0.5; or a YAML file of them"
)


def reward_config(text: str, **values: Any) -> RewardConfig:
    """Settings of a reward as it is named on the command line.

    Parameters
    ----------
    text : str
        A mode, ``NAME=WEIGHT[,NAME=WEIGHT...]``, or the path of a ``.yaml`` file.
    **values
        Other fields of `RewardConfig`.

    Raises
    ------
    InputError
        If there is no such reward, or the values do not go together.

    Examples
    --------
    >>> reward_config("potential").mode, reward_config("energy=1,s1=0.3").components
    ('potential', ('validity', 'energy', 's1'))
    """
    try:
        if text in get_args(RewardMode):
            return RewardConfig(mode=text, **values)  # type: ignore[arg-type]
        return RewardConfig(terms=reward_terms(text), **values)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(str(error)) from None


def reward_terms(text: str) -> tuple[RewardTerm, ...]:
    """Terms of a combination, checked by making it once.

    Raises
    ------
    InputError
        If it is none, or can't be made.
    """
    if text.endswith((".yaml", ".yml")):
        terms = terms_of_file(text)
    elif "=" in text:
        for part in (word.strip() for word in text.split(",")):
            if part in get_args(RewardMode):
                raise InputError(f"reward '{text}': '{part}' is a mode and can't be combined")
        terms = terms_of_text(text)
    else:
        modes, names = ", ".join(get_args(RewardMode)), ", ".join(reward_names())
        raise InputError(
            f"reward '{text}' (allowed: a mode, {modes}; NAME=WEIGHT[,NAME=WEIGHT...] with names "
            f"from {names}; a .yaml file)"
        )
    combination_of(terms)
    return terms
