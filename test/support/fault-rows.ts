/**
 * Rows that kill and stop processes and servers: minutes of work for both processors of a laptop.
 */
export const FAULT_ROWS = 'test/faults/{rows,sqlite/rows,upgrade}/**/*.test.ts';

/**
 * Whether this run has them: CI's has; another one has when it was given a path of them, or how
 * long they are to be.
 */
export function hasFaultRows({ env, argv } = process): boolean {
  return Boolean(env['CI'] ?? env['FAULTS']) || argv.some((word) => word.includes('test/faults'));
}
