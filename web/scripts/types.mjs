// Writes the shapes of the server's answers and bodies, `src/api/types.gen.ts`, from the document of its interface,
// `docs/openapi.json`. `npm test` fails where the one is not made of the other.
// Deliberately absent: what a schema can say and ours do not; an unknown one is an error, not `any`.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DOCUMENT = new URL('../../docs/openapi.json', import.meta.url);
const TYPES = new URL('../src/api/types.gen.ts', import.meta.url);
const HEAD = `// What the server's answers and bodies look like: made by scripts/types.mjs from docs/openapi.json, not by hand.
// Deliberately absent: behaviour.
`;

const PLAIN = { string: 'string', boolean: 'boolean', integer: 'number', number: 'number', null: 'null' };
const quoted = (value) => `'${String(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const indented = (text) => text.replaceAll('\n', '\n  ');

/** Several types as one of them. */
function either(types) {
  return [...new Set(types)].join(' | ');
}

/** What stands before a list's brackets. */
const grouped = (type) => (/ [|&] /.test(type) ? `(${type})` : type);

/** A schema as a type. */
function typeOf(schema) {
  if (schema === undefined || Object.keys(schema).every((key) => key === 'description')) return 'unknown';
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1);
  if (schema.oneOf !== undefined) return either(schema.oneOf.map(typeOf));
  if (schema.allOf !== undefined) return schema.allOf.map(typeOf).join(' & ');
  if (schema.enum !== undefined) return either(schema.enum.map(quoted));
  if (Array.isArray(schema.type)) return either(schema.type.map((type) => typeOf({ ...schema, type })));
  if (schema.type === 'array') return listOf(schema);
  if (schema.type === 'object') return objectOf(schema);
  const plain = PLAIN[schema.type];
  if (plain === undefined) throw new Error(`a schema that nobody expected: ${JSON.stringify(schema)}`);
  return plain;
}

function listOf(schema) {
  if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map(typeOf).join(', ')}]`;
  return `${grouped(typeOf(schema.items))}[]`;
}

function objectOf(schema) {
  const needed = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties ?? {});
  if (members.length === 0) {
    const values = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    return `Record<string, ${typeOf(values)}>`;
  }
  const lines = members.map(([name, member]) => {
    const optional = needed.has(name) ? '' : '?';
    return `${comment(member)}${memberName(name)}${optional}: ${typeOf(member)};`;
  });
  return `{\n  ${lines.map(indented).join('\n  ')}\n}`;
}

/** A name as it stands before its type. */
const memberName = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name));

/** What a schema says of itself. */
function comment(schema) {
  const told = schema.description ?? schema.oneOf?.find((one) => one.description)?.description;
  return told === undefined ? '' : `/** ${told.replaceAll('\n', ' ').replaceAll('*/', '* /')} */\n`;
}

/** The whole file. */
export function typesOf(document) {
  const schemas = Object.entries(document.components.schemas);
  const types = schemas.map(([name, schema]) => {
    return `${comment({ description: schema.description })}export type ${name} = ${typeOf(schema)};\n`;
  });
  return `${HEAD}\n${types.join('\n')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(TYPES, typesOf(JSON.parse(readFileSync(DOCUMENT, 'utf8'))));
}
