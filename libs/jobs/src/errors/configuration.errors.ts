import { JobsError } from './jobs.error.js';

/**
 * The options of `forRoot()` or of decorators are wrong. Thrown once, at boot, with every fault found.
 * @publicApi
 */
export class JobsConfigurationError extends JobsError {
  /** One line for each fault: where, what was expected, what was found, what to do. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(
      `Background jobs are misconfigured (${count}):\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/**
 * An engine's driver package is not installed.
 * @publicApi
 */
export class MissingDriverError extends JobsError {
  constructor(engine: string, packageName: string, options?: ErrorOptions) {
    super(
      `The ${engine} engine needs the package "${packageName}", which is not installed. ` +
        `Run: npm install ${packageName}`,
      options,
    );
  }
}

/**
 * The store did not answer in time at boot, or refused the connection.
 * @publicApi
 */
export class StoreUnreachableError extends JobsError {
  /**
   * @param engine the engine's name
   * @param address host and port, without credentials
   * @param reason what the driver said, without credentials
   */
  constructor(
    readonly engine: string,
    readonly address: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `Could not reach the ${engine} store at ${address}: ${reason}. ` +
        'Check that the server runs and that `connection` in JobsModule.forRoot() is right.',
      options,
    );
  }
}

/**
 * The engine in use lacks what was asked for.
 * @publicApi
 */
export class UnsupportedByEngineError extends JobsError {
  constructor(feature: string, engine: string, remedy: string) {
    super(`${feature} is not available on the ${engine} engine. ${remedy}`);
  }
}
