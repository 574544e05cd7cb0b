import { join, parse, resolve, sep } from "node:path"

/**
 * What the disks of images are called: their files' names without the ending, and where several of one recovery point have
 * the same, as many of their folders in front as tell them apart ("old-disk" and "new-disk"). An image that is given twice
 * has one name twice.
 */
export function diskNames(images: readonly string[]): string[] {
  const parts = images.map((image) => {
    const { dir, name } = parse(resolve(image))
    return join(dir, name).split(sep).slice(1)
  })
  return parts.map((mine, at) => nameOf(mine, parts.toSpliced(at, 1)))
}

function nameOf(mine: readonly string[], others: readonly (readonly string[])[]): string {
  const end = (parts: readonly string[], count: number) => parts.slice(-count).join("-")
  for (let count = 1; count < mine.length; count++)
    if (others.every((other) => end(other, count) !== end(mine, count))) return end(mine, count)
  const isTwice = others.some((other) => end(other, other.length) === end(mine, mine.length))
  return isTwice ? end(mine, 1) : end(mine, mine.length)
}
