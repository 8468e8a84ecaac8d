import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ShopSettings } from './shop-settings.js';

/** Makes the settings of this run injectable everywhere. */
@Global()
@Module({})
export class SettingsModule {
  static forRoot(settings: ShopSettings): DynamicModule {
    return {
      module: SettingsModule,
      providers: [{ provide: ShopSettings, useValue: settings }],
      exports: [ShopSettings],
    };
  }
}
