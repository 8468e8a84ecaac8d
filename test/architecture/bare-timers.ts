import ts from 'typescript';

/** Modules of Node that have timers and clocks of their own. */
const MODULES = new Set(['timers', 'timers/promises', 'perf_hooks']);

/**
 * Globals that fire at once beyond 24.8 days, or stand still where the tests of an application have
 * put fakes in their place.
 */
const GLOBALS = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
]);

/** Where a source file waits or measures by itself, one `line: what` each. */
export function bareTimersOf(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const flag = (node: ts.Node, what: string): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${line + 1}: ${what}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const name = node.moduleSpecifier.text.replace(/^node:/, '');
      if (MODULES.has(name)) flag(node, name);
      return;
    }
    if (ts.isPropertyAccessExpression(node)) {
      if (node.getText() === 'AbortSignal.timeout') flag(node, 'AbortSignal.timeout');
      // A property may be called as it likes, but for those of the global object.
      if (node.expression.getText() === 'globalThis') visit(node.name);
      return visit(node.expression);
    }
    if (ts.isIdentifier(node) && GLOBALS.has(node.text)) flag(node, node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
