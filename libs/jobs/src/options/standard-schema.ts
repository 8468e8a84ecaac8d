/**
 * The part of the Standard Schema interface (version 1) that is used here; zod, valibot and arktype
 * schemas satisfy it. See https://standardschema.dev.
 * @publicApi
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (
      value: unknown,
    ) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>;
  };
}

/**
 * What a Standard Schema answers: a value, or the list of what is wrong.
 * @publicApi
 */
export type StandardSchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardSchemaIssue[] };

/**
 * One fault, and where it is.
 * @publicApi
 */
export interface StandardSchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
