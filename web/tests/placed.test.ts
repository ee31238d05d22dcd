// Where the problems of a refusal stand: at fields, at choices, in a list.

import { MantineProvider } from '@mantine/core';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { Problem } from '../src/api/problem';
import type { FieldSchema } from '../src/api/types.gen';
import { below, placed } from '../src/registry/placed';
import { SchemaForm } from '../src/registry/SchemaForm';

const text: FieldSchema = { type: 'string' };
const schema: FieldSchema = {
  properties: {
    endpoint: { ...text, title: 'Endpoint' },
    tokens: { type: ['array', 'string'], items: { type: 'string', writeOnly: true } },
    streams: { type: ['object', 'string'], properties: { auth0: text } },
    identity: {
      type: 'object',
      title: 'Identity',
      properties: { kind: { type: 'string', enum: ['secret', 'managed'] }, client_id: text, file: text },
      allOf: [
        {
          title: 'Way',
          oneOf: [
            {
              title: 'App',
              required: ['kind', 'client_id'],
              properties: { kind: { const: 'secret' } },
            },
            { title: 'File', required: ['kind', 'file'], properties: { kind: { const: 'managed' } } },
          ],
        },
      ],
    },
    size: { type: 'integer', 'x-advanced': true },
    switch: { type: 'boolean' },
  },
};

const refusal = (paths: string[], hint = 'mend it') =>
  new Problem({
    status: 400,
    code: 'invalid',
    detail: 'fields cannot be used as they are',
    hint: 'all the advice',
    problems: paths.map((path) => ({ path, message: `wrong ${path}`, hint })),
  });

/** At which fields what is said, and which paths stand in the list. */
const found = (paths: string[], form = '', names = ['name']) => {
  const { fields, rest } = placed(refusal(paths), names, [{ path: form, schema }]);
  return [[...fields.keys()], rest?.parts.map((part) => part.path) ?? null];
};

test.each<[string[], string, string[], string[] | null]>([
  [['endpoint', 'name'], '', ['endpoint', 'name'], null],
  [['identity', 'identity.client_id'], '', ['identity', 'identity.client_id'], null],
  [['identity.surprise', 'endpoint'], '', ['endpoint'], ['identity.surprise']],
  [['tokens[0].env', 'streams.auth0', 'streams.other'], '', ['tokens', 'streams.auth0'], ['streams.other']],
  [['start', 'endpoint', ''], '', ['endpoint'], ['start', '']],
  [['sources.poll.endpoint', 'name'], 'sources.poll', ['sources.poll.endpoint', 'name'], null],
  [['sources.pollux.endpoint', 'name'], 'sources.poll', ['name'], ['sources.pollux.endpoint']],
  [['sources', 'sources.poll', 'name'], 'sources.poll', ['name'], ['sources', 'sources.poll']],
])('%j within a form at `%s`', (paths, form, fields, list) => {
  expect(found(paths, form)).toEqual([fields, list]);
});

test('a refusal about no field is told as it is, and none says nothing', () => {
  const whole = refusal(['surprise']);
  expect(placed(whole, [], [{ path: '', schema }]).rest).toBe(whole);
  expect(placed(null, ['name'], []).rest).toBeNull();
});

test('advice that stands at the fields is not repeated in the list', () => {
  const { fields, rest } = placed(refusal(['endpoint', 'surprise']), [], [{ path: '', schema }]);
  expect(fields.get('endpoint')).toBe('wrong endpoint; mend it');
  expect([rest?.hint, rest?.code, rest?.message]).toEqual([
    '',
    'invalid',
    'fields cannot be used as they are',
  ]);
  const twice = placed(refusal(['endpoint', 'endpoint'], ''), [], [{ path: '', schema }]);
  expect(twice.fields.get('endpoint')).toBe('wrong endpoint. wrong endpoint');
});

test('what is below a path goes by its own', () => {
  const said = new Map([
    ['sources.poll.domain', 'a'],
    ['sources.poller.domain', 'b'],
    ['name', 'c'],
  ]);
  expect([...below(said, 'sources.poll')]).toEqual([['domain', 'a']]);
  expect([...below(said, '')]).toEqual([...said]);
});

test.each<[string, string, Record<string, unknown>]>([
  ['an input', 'endpoint', {}],
  ['a switch', 'switch', {}],
  ['a list of secrets', 'tokens', {}],
  ['a group of fields', 'identity', {}],
  ['a field within', 'identity.client_id', {}],
  ['the choice, for what says which is chosen', 'identity.kind', {}],
  ['the choice, for a field that it hides', 'identity.client_id', { identity: { kind: 'managed' } }],
  ['one text in the place of several', 'streams.auth0', { streams: 'Custom-All' }],
  ['a further setting', 'size', {}],
])('it is seen at %s', (_, path, values) => {
  const form = createElement(SchemaForm, {
    schema,
    values,
    onChange: () => undefined,
    errors: new Map([[path, 'is quite wrong']]),
  });
  const html = renderToStaticMarkup(createElement(MantineProvider, null, form));
  const words = html.replaceAll(/<[^>]*>/g, ' ');
  expect(words.split('is quite wrong').length).toBe(2);
});
