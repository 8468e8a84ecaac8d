/**
 * The BullMQ that is installed calls its backends otherwise than this version of bullmq-sqlite
 * knows.
 */
export class BullmqChangedError extends Error {
  constructor(
    /** The version that is installed. */
    readonly version: string,
    known: string,
    /** One line for each: where, what was expected, what was found. */
    readonly differences: readonly string[],
  ) {
    super(
      `bullmq ${version} is not what this version of bullmq-sqlite was made for:\n` +
        `${differences.map((difference) => `  - ${difference}`).join('\n')}\n` +
        `Known to work: bullmq ${known}. Install one of these, or a version of bullmq-sqlite that knows this one.`,
    );
    this.name = new.target.name;
  }
}
