import { InvalidInvocationError } from '../errors/index.js';

/** What a callback did with the stand-in of a value that is not known when it runs. @internal */
export interface UnknownUse {
  /** Words it, given the value's name in the callback: `called "result.lines.map"`. */
  readonly what: (name: string) => string;
  /** The value in the callback: `result.id`. */
  readonly name: string;
  /** What could be passed on: the value, or what its method was called of. */
  readonly pass: string;
  /** What the callback's second parameter is called in an example, and what it stands for. */
  readonly parameter: string;
  readonly meaning: string;
}

/** A stand-in throws it; who has the callback called says for which method that was. @internal */
export class UnknownValueError extends InvalidInvocationError {
  constructor(
    private readonly use: UnknownUse,
    className?: string,
    methodName?: string,
  ) {
    const { what, name, pass, parameter, meaning } = use;
    const target = methodName === undefined ? className : `${className}.${methodName}()`;
    super(
      `The callback${target === undefined ? '' : ` for ${target}`} ${what(`"${name}"`)}, which is not known yet: its second ` +
        `parameter stands for ${meaning}. Pass it on as an argument, whole or a property of it, as in ` +
        `(s, ${parameter}) => s.${methodName ?? 'method'}(${pass}), and work with it in ` +
        `${methodName === undefined ? 'the method that is called' : target}.`,
    );
    this.name = InvalidInvocationError.name;
  }

  /** The same, of a callback whose service is known. */
  in(className: string, methodName: string | undefined): UnknownValueError {
    return new UnknownValueError(this.use, className, methodName);
  }
}

/** Names by which the language looks for a way to make a value something else. */
const CONVERSIONS: ReadonlySet<string | symbol> = new Set([
  'then',
  'toJSON',
  'toString',
  'valueOf',
]);

/** Whether to read it is no way to a property of the value, but to use the value. @internal */
export function isUse(key: string | symbol): boolean {
  return typeof key === 'symbol' || CONVERSIONS.has(key);
}

/** Words the read of a member that a value has not, or that the language asks for. @internal */
export function wordsOfRead(key: string | symbol): UnknownUse['what'] {
  if (key === Symbol.toPrimitive) return (name) => `put ${name} into a text, or calculated with it`;
  if (key === Symbol.iterator) return (name) => `spread ${name}, or went through it`;
  if (key === 'then') return (name) => `awaited ${name}`;
  if (isUse(key)) return (name) => `converted ${name} (${String(key)})`;
  return (name) => `read "${String(key)}" of ${name}`;
}
