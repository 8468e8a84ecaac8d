import { JobsError } from './jobs.error.js';

/**
 * The options of `forRoot()` or of decorators are wrong. Thrown once, at boot, with every fault
 * found.
 * @publicApi
 */
export class JobsConfigurationError extends JobsError {
  /** One line for each fault: where, what was expected, what was found, what to do. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(
      `Background jobs are misconfigured (${count}):\n${problems.map((p) => `  - ${p}`).join('\n')}`,
      options,
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
 * A package that jobs are built on is not as it was when this version of nestjs-jobs was made:
 * going on might store or read something in the wrong place. Thrown when the application is
 * created, before anything is stored.
 * @publicApi
 */
export class LibraryChangedError extends JobsError {
  /**
   * @param library the package
   * @param version the one that is installed
   * @param known versions that are known to work, in words
   * @param differences one line for each: where, what was expected, what was found
   */
  constructor(
    readonly library: string,
    readonly version: string,
    known: string,
    readonly differences: readonly string[],
    options?: ErrorOptions,
  ) {
    super(
      `${library} ${version} is not what this version of nestjs-jobs was made for:\n` +
        `${differences.map((difference) => `  - ${difference}`).join('\n')}\n` +
        `Known to work: ${library} ${known}. Install one of these, or a version of nestjs-jobs that knows this one.`,
      options,
    );
  }
}

const CHECK_SERVER =
  'Check that the server runs and that `connection` in JobsModule.forRoot() is right.';

/**
 * The store did not answer in time at boot, or refused the connection or what is needed to start.
 * @publicApi
 */
export class StoreUnreachableError extends JobsError {
  /**
   * @param engine the engine's name
   * @param address host and port without credentials, or the file
   * @param reason what the driver said, without credentials
   * @param options `remedy`: what to do, where that is not to look after a server
   */
  constructor(
    readonly engine: string,
    readonly address: string,
    reason: string,
    { remedy = CHECK_SERVER, ...options }: ErrorOptions & { readonly remedy?: string } = {},
  ) {
    const ended = reason.replace(/\.+$/, '');
    super(`Could not reach the ${engine} store at ${address}: ${ended}. ${remedy}`, options);
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
