import { RecoveryError } from "../api/reasons.ts"
import type { FileSource, FoundFile, TarOptions, VolumeReader, Wanted } from "../files/source.ts"
import type { Catalogue, Volume } from "./catalogue.ts"
import { printable } from "./printable.ts"

/** One of several recovery points: the files of the micro-VM that has its disks and no others. */
export interface PointSource {
  /** When it was taken, or whatever else tells it apart for people. */
  readonly title?: string | undefined
  readonly source: FileSource
}

const maxStack = 64
const pathOfPoint = /^point([1-9]\d*)-(.+)$/s

/** How the volume of a recovery point, counted from 1, is called where there are several: `point2-vg0-data`. */
export function pointPath(point: number, path: string): string {
  return `point${point}-${path}`
}

/**
 * Several recovery points as one source of files. They are byte clones of each other, up to the UUIDs by which kernels put
 * devices together, so each has a micro-VM of its own (docs/decisions/several-points.md) and only here their volumes meet.
 */
export class SideBySide implements FileSource {
  readonly #points: readonly PointSource[]

  constructor(points: readonly PointSource[]) {
    this.#points = points
  }

  catalogue(): Catalogue {
    const all = this.#points.map(({ title, source }, index) => {
      const { disks, volumes } = source.catalogue()
      const point = index + 1
      return {
        disks: disks.map((disk) => ({ ...disk, point })),
        volumes: volumes.map((volume) => ofPoint(volume, point, title)),
      }
    })
    return { disks: all.flatMap(({ disks }) => disks), volumes: all.flatMap(({ volumes }) => volumes) }
  }

  async open(volume: string): Promise<VolumeReader> {
    const { source, path } = this.#find(volume)
    return source.open(path)
  }

  tar(volume: string, paths: readonly Buffer[], options: TarOptions): AsyncIterable<Buffer> {
    const { source, path } = this.#find(volume)
    return source.tar(path, paths, options)
  }

  search(volume: string, path: Buffer, wanted: Wanted, options: { signal: AbortSignal }): AsyncIterable<FoundFile[]> {
    const found = this.#find(volume)
    return found.source.search(found.path, path, wanted, options)
  }

  #find(volume: string): { source: FileSource; path: string } {
    const [, number, path] = pathOfPoint.exec(volume) ?? []
    const source = this.#points[Number(number) - 1]?.source
    if (source !== undefined && path !== undefined) return { source, path }
    throw new RecoveryError(
      "PathNotFound",
      `There is no volume ${printable(Buffer.from(volume))}; with several recovery points each begins with point1-, point2-...`,
    )
  }
}

function ofPoint(volume: Volume, point: number, title: string | undefined): Volume {
  const entry = `recovery point ${point}${title === undefined ? "" : `, ${title}`}`
  return { ...volume, path: pointPath(point, volume.path), point, stack: [entry, ...volume.stack].slice(0, maxStack) }
}
