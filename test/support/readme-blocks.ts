/** One TypeScript block of a Markdown file. */
export interface CodeBlock {
  /** Line of its opening fence, from 1. */
  line: number;
  /** `path#region` of the comment right above it, if any. */
  source: string | undefined;
  code: string;
}

const LINK = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g;
const SOURCE = /^<!--\s*file:\s*(\S+#\S+)\s*-->$/;
const FENCE = /^```(ts|tsx|typescript)\b/;

/** All ts, tsx and typescript blocks of a Markdown text; others are left out. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const lines = markdown.split('\n');
  const blocks: CodeBlock[] = [];
  for (let start = 0; start < lines.length; start++) {
    if (!lines[start]?.startsWith('```')) continue;
    const end = lines.indexOf('```', start + 1);
    if (end < 0) throw new Error(`the code block in line ${start + 1} is not closed`);
    if (FENCE.test(lines[start] ?? '')) {
      const above = lines.slice(0, start).findLast((line) => line.trim() !== '');
      const source = SOURCE.exec(above ?? '')?.[1];
      blocks.push({ line: start + 1, source, code: lines.slice(start + 1, end).join('\n') });
    }
    start = end;
  }
  return blocks;
}

/**
 * The relative paths that a Markdown text links to, without anchors; links to the web are left out.
 */
export function linksOf(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[^]*?^```$|<!--[^]*?-->/gm, '');
  const targets = [...prose.matchAll(LINK)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** The text between `// #region NAME` and `// #endregion NAME`, without common indentation. */
export function regionOf(text: string, name: string): string {
  const lines = text.split('\n');
  const marker = (word: string) => lines.findIndex((line) => line.trim() === `// #${word} ${name}`);
  const start = marker('region');
  const end = marker('endregion');
  if (start < 0) throw new Error(`there is no region "${name}"`);
  if (end < start) throw new Error(`the region "${name}" is not closed`);
  const body = lines.slice(start + 1, end).filter((line) => !/^\s*\/\/ #(end)?region\b/.test(line));
  const filled = body.filter((line) => line.trim() !== '');
  const indent = Math.min(...filled.map((line) => line.search(/\S/)));
  return body.map((line) => line.slice(indent)).join('\n');
}
