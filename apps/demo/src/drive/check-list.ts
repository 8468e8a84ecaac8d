/** Collects what was seen and what was missing. */
export class CheckList {
  private readonly missing: string[] = [];

  constructor(private readonly print: (line: string) => void) {}

  /** Runs one check; it fails when it throws. All checks are run, whatever fails. */
  async check(what: string, look: () => Promise<void> | void): Promise<void> {
    try {
      await look();
      this.print(`  ok       ${what}`);
    } catch (error) {
      this.missing.push(`${what}: ${(error as Error).message}`);
      this.print(`  MISSING  ${what}`);
    }
  }

  /** What was missing, one line each. */
  get failures(): readonly string[] {
    return this.missing;
  }
}

/** @throws Error when a value is not what it should be */
export function expectEqual(what: string, got: unknown, expected: unknown): void {
  const [shown, wanted] = [JSON.stringify(got), JSON.stringify(expected)];
  if (shown !== wanted) throw new Error(`${what}: expected ${wanted}, got ${shown}`);
}

/** @throws Error when a condition does not hold */
export function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}
