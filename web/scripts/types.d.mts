// What `types.mjs` gives to the tests. Deliberately absent: the shape of the document, which is JSON.

export function typesOf(document: unknown): string;
