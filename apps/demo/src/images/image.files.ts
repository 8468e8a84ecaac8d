import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ShopSettings } from '../settings/shop-settings.js';
import { writeFileAtomically } from '../storage/atomic-file.js';

/**
 * Where the files of an uploaded image are: one folder an image, below `images` in the data folder.
 */
@Injectable()
export class ImageFiles {
  constructor(private readonly settings: ShopSettings) {}

  /** Stores an upload as it came. */
  async saveOriginal(imageId: string, content: Uint8Array): Promise<void> {
    await writeFileAtomically(this.pathOf(this.original(imageId)), content);
  }

  /** Path of the original, below the data folder. */
  original(imageId: string): string {
    return join('images', imageId, 'original');
  }

  /** Path of a thumbnail, below the data folder. */
  thumbnail(imageId: string, size: string): string {
    return join('images', imageId, `${size}.webp`);
  }

  /** The absolute path of one of these. */
  pathOf(file: string): string {
    return join(this.settings.dataFolder, file);
  }
}
