# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""What pydantic refuses, in this project's words: where, given, accepted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_LONGEST_GIVEN = 60
# With the bounds in the error's context as arguments; any other error has been named before.
_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    'greater_than': lambda context: f'greater than {_number(context["gt"])}',
    'greater_than_equal': lambda context: f'greater than or equal to {_number(context["ge"])}',
    'less_than': lambda context: f'less than {_number(context["lt"])}',
    'less_than_equal': lambda context: f'less than or equal to {_number(context["le"])}',
    'finite_number': lambda _: 'a finite number',
    'float_type': lambda _: 'a number',
    'int_type': lambda _: 'a whole number',
    'int_from_float': lambda _: 'a whole number',
    'int_parsing_size': lambda _: 'a whole number of fewer digits',
    'bool_type': lambda _: 'true or false',
    'string_type': lambda _: 'a text',
    'string_too_short': lambda context: f'{context["min_length"]} or more characters',
    'string_too_long': lambda context: f'up to {context["max_length"]} characters',
    'tuple_type': lambda _: 'a list',
    'list_type': lambda _: 'a list',
    'too_short': lambda context: f'a list of {context["min_length"]} or more',
    'too_long': lambda context: f'a list of up to {context["max_length"]}',
    'dict_type': lambda _: 'a mapping of keys to values',
    'dataclass_type': lambda _: 'a mapping of keys to values',
    'literal_error': lambda context: str(context['expected']),
    'none_required': lambda _: 'nothing',
}
KNOWN = frozenset(
    {*_WORDS, 'missing', 'unexpected_keyword_argument', 'value_error', 'json_invalid'}
)
_OTHER = 'a value of another kind'


class Mistake(NamedTuple):
    """A mistake in a mapping of keys to values.

    Attributes:
        place: keys and indices that lead to it; empty: several keys contradict each other.
        kind: `unknown` and `missing` keys; `refused` by a text of this project; `value`.
        text: what is accepted; if refused, one line or more with all there is to say.
        given: the value, for people.
    """

    place: tuple[str | int, ...]
    kind: str
    text: str = ''
    given: str = ''


def mistakes(content: Any, errors: Sequence[Any]) -> list[Mistake]:
    """Return pydantic's errors as mistakes in the content that it was given.

    A value that fits no member of a union has one error for each; they become one mistake.
    """
    sizes = _sizes(errors)
    found: dict[tuple[object, ...], Mistake] = {}
    for error in errors:
        mistake = _mistake(content, error, sizes)
        is_value = mistake.kind == 'value'
        key = mistake[:2] if is_value else mistake
        known = found.setdefault(key, mistake)
        is_new = is_value and known is not mistake and known.text != mistake.text
        if is_new and mistake.text not in known.text.split(' or '):
            found[key] = known._replace(text=f'{known.text} or {mistake.text}')
    return list(found.values())


def _sizes(errors: Sequence[Any]) -> dict[tuple[str | int, ...], int]:
    """Return the place of each list that is too short, and how long it must be."""
    sizes: dict[tuple[str | int, ...], int] = {}
    for error in errors:
        *place, last = error['loc'] or ('',)
        if error['type'] == 'missing' and isinstance(last, int):
            sizes[tuple(place)] = max(last + 1, sizes.get(tuple(place), 0))
    return sizes


def _mistake(content: Any, error: Any, sizes: Mapping[tuple[str | int, ...], int]) -> Mistake:
    """Return one of pydantic's errors as a mistake; `sizes` as from `_sizes`."""
    kind, location = error['type'], error['loc']
    if kind == 'unexpected_keyword_argument':
        return Mistake((*_place(content, location[:-1]), location[-1]), 'unknown')
    if kind == 'missing':
        place = _place(content, location[:-1])
        if isinstance(location[-1], int):  # of a list of fixed length
            size = sizes[location[:-1]]
            return Mistake(place, 'value', f'a list of {size}', _shown(list(error['input'])))
        return Mistake((*place, location[-1]), 'missing')
    if kind == 'json_invalid':
        place, text = next(_not_unicode(content), ((), ''))
        return Mistake(place, 'value', 'characters of Unicode', _shown(text))
    place = _place(content, location)
    if kind == 'value_error':
        return Mistake(place, 'refused', error['msg'].removeprefix('Value error, '))
    words = _WORDS.get(kind)
    text = _OTHER if words is None else words(error.get('ctx', {}))
    return Mistake(place, 'value', text, _shown(error['input']))


def _place(content: Any, location: Sequence[str | int]) -> tuple[str | int, ...]:
    """Return the part of a location that leads through the content, without names of types."""
    place: list[str | int] = []
    for part in location:
        is_list = isinstance(content, list | tuple) and isinstance(part, int)
        keys: Any = range(len(content)) if is_list else content
        if is_list or isinstance(content, Mapping):
            if part not in keys:
                continue
            content = content[part]
            place.append(part)
    return tuple(place)


def _not_unicode(content: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield place and text of what no file can hold: half of a surrogate pair."""
    inner: Any = ()
    if isinstance(content, Mapping):
        inner = content.items()
    elif isinstance(content, list | tuple):
        inner = enumerate(content)
    for key, value in inner:
        for text in (key, value):
            if isinstance(text, str) and any('\ud800' <= letter <= '\udfff' for letter in text):
                yield () if text is key else (key,), text
        for place, text in _not_unicode(value):
            yield (key, *place), text


def _number(bound: Any) -> str:
    """Return a bound without needless digits."""
    return f'{bound:g}' if isinstance(bound, float) else str(bound)


def _shown(value: Any) -> str:
    """Return a value for people."""
    text = repr(value)
    return text if len(text) <= _LONGEST_GIVEN else f'{text[: _LONGEST_GIVEN - 3]}...'
