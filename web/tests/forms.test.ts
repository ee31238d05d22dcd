import { MantineProvider } from '@mantine/core';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import type { FieldSchema } from '../src/api/types.gen';
import { configuration, missing } from '../src/registry/fields';
import { SchemaForm } from '../src/registry/SchemaForm';
import { choose, hiddenFields, shownWay, type Ways, waysOf } from '../src/registry/ways';

const text: FieldSchema = { type: 'string' };
const secret: FieldSchema = { type: 'string', writeOnly: true };

const poll: FieldSchema = {
  type: 'object',
  required: [],
  properties: {
    domain: { ...text, title: 'Domain' },
    client_id: { ...text, title: 'Client id' },
    client_secret: { ...secret, title: 'Client secret' },
    private_key: secret,
    key_id: text,
    access_token: { ...secret, title: 'Access token' },
    base_url: { ...text, 'x-advanced': true },
  },
  allOf: [
    { title: 'Address', anyOf: [{ required: ['domain'] }, { required: ['base_url'] }] },
    {
      title: 'Credential',
      oneOf: [
        { title: 'Client secret', required: ['client_id', 'client_secret'], properties: {} },
        { title: 'Private key', required: ['client_id', 'private_key'], properties: { key_id: {} } },
        { title: 'Access token', required: ['access_token'] },
      ],
    },
  ],
};

const destination: FieldSchema = {
  type: 'object',
  required: ['endpoint', 'identity'],
  properties: {
    endpoint: { ...text, title: 'Endpoint' },
    identity: {
      type: 'object',
      title: 'Identity',
      properties: {
        kind: { type: 'string', enum: ['client_secret', 'managed'] },
        client_id: { ...text, title: 'Client id' },
        client_secret: { ...secret, title: 'Secret' },
      },
      allOf: [
        {
          title: 'Kind',
          oneOf: [
            {
              title: 'App',
              required: ['kind', 'client_id', 'client_secret'],
              properties: { kind: { const: 'client_secret' } },
            },
            {
              title: 'Managed',
              required: ['kind'],
              properties: { kind: { const: 'managed' }, client_id: {} },
            },
          ],
        },
      ],
    },
    read_back: {
      type: 'object',
      title: 'Reading back',
      required: ['id'],
      properties: { id: text, table: text },
    },
    streams: { type: ['object', 'string'], properties: { auth0: text } },
  },
};

const group = (schema: FieldSchema, at: number) => waysOf(schema)[at] as Ways;

describe('ways', () => {
  const credential = group(poll, 1);
  test.each<[Record<string, unknown>, number]>([
    [{}, 0],
    [{ client_id: 'i' }, 0],
    [{ client_secret: { set: true } }, 0],
    [{ client_id: 'i', private_key: 'k' }, 1],
    [{ access_token: 't', private_key: '' }, 2],
  ])('%j shows way %i', (values, expected) => expect(shownWay(credential, values)).toBe(expected));

  test('the fields of the others are hidden, and what says which it is', () => {
    expect([...hiddenFields(waysOf(poll), () => 0)].sort()).toEqual([
      'access_token',
      'key_id',
      'private_key',
    ]);
    expect([...hiddenFields(waysOf(poll), () => 2)].sort()).toEqual([
      'client_id',
      'client_secret',
      'key_id',
      'private_key',
    ]);
    const identity = destination.properties?.identity ?? {};
    expect([...hiddenFields(waysOf(identity), () => 1)].sort()).toEqual(['client_secret', 'kind']);
  });

  test('choosing forgets what was typed for another way, and takes back what the server has', () => {
    const before = { domain: 'd', client_id: 'i', client_secret: { set: true }, key_id: 'k' };
    const after = choose(credential, 1, before);
    expect(after).toEqual({ domain: 'd', client_id: 'i', client_secret: null, key_id: 'k' });
    expect(configuration(poll, { ...after, private_key: 'p' })).toEqual({
      domain: 'd',
      client_id: 'i',
      client_secret: null,
      private_key: 'p',
      key_id: 'k',
    });
    expect(choose(credential, 2, { domain: 'd', client_secret: 's' })).toEqual({ domain: 'd' });
    const identity = group(destination.properties?.identity ?? {}, 0);
    expect(choose(identity, 1, { client_secret: 's' })).toEqual({ kind: 'managed' });
  });
});

test('what is missing depends on the way', () => {
  expect(missing(poll, {})).toEqual(['Domain', 'Client id', 'Client secret']);
  expect(missing(poll, { base_url: 'b', private_key: 'k', client_id: 'i' })).toEqual([]);
  expect(missing(poll, { domain: 'd', access_token: 't' })).toEqual([]);
  expect(missing(destination, {})).toEqual(['Endpoint', 'Identity: Client id', 'Identity: Secret']);
  expect(missing(destination, { endpoint: 'e', identity: { kind: 'managed' } })).toEqual([]);
  expect(missing(destination, { endpoint: 'e', identity: 'managed', read_back: { table: 't' } })).toEqual([
    'Reading back: id',
  ]);
});

test('fields within fields are sent as such, and nothing for those that are empty', () => {
  const identity = { kind: 'client_secret', client_id: 'c', client_secret: { set: true } };
  expect(
    configuration(destination, { endpoint: 'e', identity, read_back: { id: '' }, streams: 'One' }),
  ).toEqual({
    endpoint: 'e',
    identity: { kind: 'client_secret', client_id: 'c' },
    streams: 'One',
  });
  // The way that is shown first is said, once anything of it is given.
  const first = { endpoint: 'e', identity: { client_id: 'c', client_secret: 's' } };
  expect(configuration(destination, first).identity).toEqual({
    kind: 'client_secret',
    client_id: 'c',
    client_secret: 's',
  });
  expect(configuration(destination, { endpoint: 'e', identity: {} })).toEqual({ endpoint: 'e' });
});

describe('what is drawn', () => {
  const drawn = (
    schema: FieldSchema,
    values: Record<string, unknown>,
    errors?: ReadonlyMap<string, string>,
  ) => {
    const form = createElement(SchemaForm, {
      schema,
      values,
      onChange: () => undefined,
      ...(errors === undefined ? {} : { errors }),
    });
    return renderToStaticMarkup(createElement(MantineProvider, null, form));
  };
  const labels = (html: string) =>
    [...html.matchAll(/<label[^>]*for="[^"]*"[^>]*>(?!<span)([^<]+)/g)].map((one) => one[1]);

  test('the fields of the way that the values show, in their order', () => {
    expect(labels(drawn(poll, {}))).toEqual(['Domain', 'Client id', 'Client secret', 'base url']);
    expect(labels(drawn(poll, { access_token: { set: true } }))).toEqual([
      'Domain',
      'Access token',
      'base url',
    ]);
  });
  test('further settings are open where one is given or wrong', () => {
    expect(drawn(poll, {})).not.toContain('open=""');
    expect(drawn(poll, { base_url: 'b' })).toContain('open=""');
    expect(drawn(poll, {}, new Map([['base_url', 'is not an address']]))).toContain('is not an address');
  });
  test('what the server says of a field within a field stands beside it', () => {
    const html = drawn(destination, {}, new Map([['identity.client_id', 'is missing']]));
    expect(html).toContain('is missing');
    expect(labels(html)).toEqual(['Endpoint', 'Client id', 'Secret', 'id', 'table', 'auth0']);
  });
});
