import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const BULLMQ = dirname(createRequire(import.meta.url).resolve('bullmq/package.json'));
const CONTRACT = join(BULLMQ, 'dist/esm/interfaces/queue-backend.d.ts');

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext);
}

/** The members of BullMQ's `IQueueBackend`. */
function contractMembers(): string[] {
  const contract = parse(CONTRACT).statements.find(
    (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === 'IQueueBackend',
  ) as ts.InterfaceDeclaration;
  const names = contract.members.map(({ name }) => (name as ts.Identifier).text);
  return [...new Set(names)];
}

/** The names of all properties that a source reads or calls. */
function propertiesUsed(path: string): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(parse(path));
  return names;
}

describe('the contract suite', () => {
  it('calls every member of the contract', () => {
    // Tests of the classes do not count: these have methods of the same names.
    const folders = [import.meta.dirname, join(import.meta.dirname, 'operations')];
    const sources = folders.flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name)),
    );
    const used = new Set(sources.flatMap((path) => [...propertiesUsed(path)]));
    const members = contractMembers();
    expect(members).toContain('moveToActive');
    expect(members.filter((member) => !used.has(member))).toEqual([]);
  });
});
