import { Injectable, Module, type OnModuleDestroy } from '@nestjs/common';

/** Stands for the application's own database: its hook closes it, as a real one's would. */
@Injectable()
export class Database implements OnModuleDestroy {
  open = true;

  onModuleDestroy(): void {
    this.open = false;
  }
}

@Module({ providers: [Database], exports: [Database] })
export class DatabaseModule {}
