import { InvalidArgumentsError, type JobLocation } from '../errors/index.js';
import type { StandardSchema, StandardSchemaIssue } from '../options/index.js';

/** A schema for each argument position. @internal */
export type ArgumentSchemas = readonly (StandardSchema | undefined)[];

/**
 * Validates arguments, each by the schema of its position.
 * @returns the arguments as the schemas return them (defaults filled in, values coerced)
 * @throws InvalidArgumentsError with every issue
 * @internal
 */
export async function validateArguments(
  args: readonly unknown[],
  schemas: ArgumentSchemas,
  location: JobLocation,
): Promise<readonly unknown[]> {
  const validated = [...args];
  const issues: string[] = [];
  for (const [index, schema] of schemas.entries()) {
    if (schema === undefined) continue;
    const result = await schema['~standard'].validate(args[index]);
    if (result.issues) issues.push(...result.issues.map((issue) => describe(index, issue)));
    else validated[index] = result.value;
  }
  if (issues.length > 0) throw new InvalidArgumentsError(issues, location);
  return validated;
}

function describe(index: number, { path, message }: StandardSchemaIssue): string {
  const keys = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  return `${[`args[${index}]`, ...keys].join('.')}: ${message}`;
}
