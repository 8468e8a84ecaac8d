import { Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import pino from 'pino';
import { ShopSettings } from '../settings/shop-settings.js';
import { Tenants } from '../tenants/tenants.js';

/** Nest tells each module and route at boot: 30 lines that hide the few that matter. */
const BOOT_CONTEXTS: ReadonlySet<unknown> = new Set([
  'InstanceLoader',
  'RouterExplorer',
  'RoutesResolver',
]);

/**
 * Logs one JSON object a line, without noise: level names, ISO times, no process id. Lines that are
 * logged inside a handler carry the job's id, name, queue and attempt: the jobs module sees to
 * that. Each names its tenant, which is that of the request, or of the request that a job was
 * enqueued by.
 */
@Module({
  imports: [
    LoggerModule.forRootAsync({
      inject: [ShopSettings, Tenants],
      useFactory: ({ logLevel, logFile }: ShopSettings, tenants: Tenants) => ({
        pinoHttp: [
          {
            level: logLevel,
            base: undefined,
            mixin: () => ({ tenant: tenants.current }),
            timestamp: pino.stdTimeFunctions.isoTime,
            formatters: { level: (label) => ({ level: label }) },
            hooks: {
              logMethod(line, write) {
                const [fields] = line as [unknown];
                if (!isFromBoot(fields)) write.apply(this, line);
              },
            },
            quietReqLogger: true,
            serializers: {
              req: ({ method, url }: { method: string; url: string }) => ({ method, url }),
              res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
            },
            // Clients poll these.
            autoLogging: {
              ignore: ({ url }) => /^\/(jobs|health|carts\/figures)\b/.test(url ?? ''),
            },
          },
          pino.destination({ dest: logFile ?? 1, mkdir: true, sync: true }),
        ],
      }),
    }),
  ],
})
export class LogModule {}

function isFromBoot(fields: unknown): boolean {
  return (
    typeof fields === 'object' &&
    fields !== null &&
    'context' in fields &&
    BOOT_CONTEXTS.has(fields.context)
  );
}
