import { Logger } from '@nestjs/common';

type Listener = (message: string) => void;

/** Who in this process listens to which channel. @internal */
export class ChannelListeners {
  private readonly channels = new Map<string, Set<Listener>>();

  has(channel: string): boolean {
    return this.channels.has(channel);
  }

  add(channel: string, listener: Listener): void {
    const listeners = this.channels.get(channel);
    if (listeners) listeners.add(listener);
    else this.channels.set(channel, new Set([listener]));
  }

  /** @returns whether it was the channel's last listener */
  remove(channel: string, listener: Listener): boolean {
    const listeners = this.channels.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return false;
    return this.channels.delete(channel);
  }

  /** Tells every listener; one that throws keeps nothing from the others. */
  deliver(channel: string, message: string): void {
    for (const listener of this.channels.get(channel) ?? []) {
      try {
        listener(message);
      } catch (error) {
        new Logger('Jobs').error(`A listener of the channel "${channel}" threw`, error);
      }
    }
  }

  clear(): void {
    this.channels.clear();
  }
}
