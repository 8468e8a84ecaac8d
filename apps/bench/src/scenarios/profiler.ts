import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';

/** Takes a CPU profile of one round, in the format of `node --cpu-prof`. */
export class Profiler {
  private readonly session = new Session();

  constructor(private readonly file: string) {}

  async start(): Promise<void> {
    this.session.connect();
    await this.session.post('Profiler.enable');
    await this.session.post('Profiler.setSamplingInterval', { interval: 200 });
    await this.session.post('Profiler.start');
  }

  async stop(): Promise<void> {
    const { profile } = await this.session.post('Profiler.stop');
    await writeFile(this.file, JSON.stringify(profile));
    this.session.disconnect();
  }
}
