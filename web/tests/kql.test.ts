// Query text that is made by clicking: literals cannot break out, steps go where they belong.

import { describe, expect, test } from 'vitest';
import { condition, narrowed, pathCondition } from '../src/kql/filter';
import { literal, nameText, stringLiteral } from '../src/kql/literal';
import { addStep, eventsPart, firstTable, steps, tailPart, withoutRender } from '../src/kql/pipes';
import { fillQuery, histogramQuery, topQuery } from '../src/kql/questions';

describe('literals', () => {
  test.each([
    ['plain', '"plain"'],
    ['a "b" \\ c', '"a \\"b\\" \\\\ c"'],
    ['line\nbreak\t', '"line\\nbreak\\t"'],
    ['\u2028\u0000', '"\\u2028\\u0000"'],
    ['" | take 1 //', '"\\" | take 1 //"'],
    ['Zoë 😀', '"Zoë 😀"'],
  ])('%j is quoted', (text, expected) => expect(stringLiteral(text)).toBe(expected));

  test.each([
    [5, 'long', '5'],
    ['9007199254740993', 'long', '9007199254740993'],
    [-5, 'int', 'long(-5)'],
    ['1; drop', 'long', null],
    [0.5, 'real', 'real(0.5)'],
    ['NaN', 'real', null],
    [true, 'bool', 'true'],
    ['2026-11-21T09:00:00.0000000Z', 'datetime', 'datetime(2026-11-21T09:00:00.0000000Z)'],
    ['2026) | take 1', 'datetime', 'todatetime("2026) | take 1")'],
    ['1.02:01:01', 'timespan', 'totimespan("1.02:01:01")'],
    [null, 'string', null],
  ])('%j of type %s', (value, type, expected) => expect(literal(value, type)).toBe(expected));

  test.each([
    ['Type', 'Type'],
    ['a b', '["a b"]'],
    ['x"]', '["x\\"]"]'],
  ])('the name %s', (name, expected) => expect(nameText(name)).toBe(expected));
});

describe('steps', () => {
  test('pipes in strings, comments and brackets are none', () => {
    const query = 'T // a | b\n| where a == "x | y" and b in (U | project c)\n| take 5;';
    expect(steps(query).map((step) => step.operator)).toEqual(['', 'where', 'take']);
  });

  test('the last statement is the one that answers', () => {
    expect(steps('let x = T | take 5;\nx | count').map((step) => step.operator)).toEqual(['', 'count']);
  });

  test.each([
    ['T', 'T\n| where a'],
    ['T | take 5;', 'T | take 5\n| where a'],
    ['T\n// end', 'T\n| where a'],
    [
      'T | summarize count() by b\n| render piechart',
      'T | summarize count() by b\n| where a\n| render piechart',
    ],
    ['', ''],
  ])('a step behind %j', (query, expected) => expect(addStep(query, 'where a')).toBe(expected));

  test.each([
    ['T | where a | extend b = 1 | summarize count() by b', 'T | where a | extend b = 1'],
    ['T | take 5', 'T'],
    ['let x = 5; T | where a > x | top 5 by b', 'let x = 5; T | where a > x'],
  ])('the events of %j', (query, expected) => expect(eventsPart(query)).toBe(expected));

  test('columns may be left out of events', () => {
    expect(eventsPart('T | project a | where b | take 5', true)).toBe('T | project a | where b');
    expect(eventsPart('T | project a | where b | take 5')).toBe('T');
  });

  test.each([
    ['T | where a | sort by b | project c | render table', 'T\n| where a\n| project c'],
    ['T | top 1000 by TimeGenerated desc', 'T'],
  ])('what a tail follows of %j', (query, expected) => expect(tailPart(query)).toBe(expected));

  test('render is taken off', () => expect(withoutRender('T | count | render card')).toBe('T | count'));

  test.each([
    ['Auth0Logs_CL | take 5', 'Auth0Logs_CL'],
    ['// first\nT', 'T'],
    ['union A, B', ''],
    ['', ''],
  ])('the table of %j', (query, expected) => expect(firstTable(query)).toBe(expected));
});

describe('conditions', () => {
  test.each([
    ['User', 'string', 'ann', 'include', 'User == "ann"'],
    ['User', 'string', '', 'exclude', 'isnotempty(User)'],
    ['N', 'long', 5, 'exclude', 'N != 5'],
    ['D', 'dynamic', '{"a":1}', 'include', 'tostring(D) == "{\\"a\\":1}"'],
    ['R', 'real', 'NaN', 'include', null],
  ] as const)('%s %s %j %s', (column, type, value, sense, expected) =>
    expect(condition(column, type, value, sense)).toBe(expected),
  );

  test('a place inside of an object', () => {
    expect(pathCondition('Details', ['prompts', 0, 'user"s'], 'x', 'include')).toBe(
      'tostring(Details["prompts"][0]["user\\"s"]) == "x"',
    );
    expect(pathCondition('Details', ['on'], true, 'exclude')).toBe('tobool(Details["on"]) != true');
  });

  test('the same condition is not added twice', () => {
    const once = narrowed('T', 'a == 1');
    expect(narrowed(once, 'a == 1')).toBe(once);
  });
});

describe('the page’s own questions', () => {
  const columns = [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'Outcome', type: 'string' },
    { name: 'odd name', type: 'dynamic' },
  ];
  test('bars are split by outcome where there is one', () => {
    expect(histogramQuery('T', '1h', columns)).toBe(
      'T\n| summarize Events = count() by bin(TimeGenerated, 1h), EventOutcome = Outcome',
    );
    expect(histogramQuery('T', '1h', [])).toBe('T\n| summarize Events = count() by bin(TimeGenerated, 1h)');
  });
  test('fill rates and top values quote names', () => {
    expect(fillQuery('T', columns)).toMatch(/^T\n\| take 20000\n\| summarize rows_ = count\(\), /);
    expect(fillQuery('T', columns)).toContain('f2 = countif(isnotempty(["odd name"]))');
    expect(topQuery('T', { name: 'odd name', type: 'dynamic' })).toContain(
      'by Value = tostring(["odd name"])',
    );
  });
});
