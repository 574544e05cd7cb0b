import { expect, test } from "vitest"
import { diskNames } from "../../../../src/cli/open/disk-names.ts"

test.each([
  [["/images/a.img"], ["a"]],
  [
    ["/images/a.img", "b.qcow.raw", "/dev/loop0"],
    ["a", "b.qcow", "loop0"],
  ],
  [
    ["/one/disk.img", "/two/disk.img", "/two/other.img"],
    ["one-disk", "two-disk", "other"],
  ],
  [
    ["/x/1/disk.img", "/y/1/disk.img", "/x/2/disk.img"],
    ["x-1-disk", "y-1-disk", "2-disk"],
  ],
  [
    ["/x/disk.img", "/disk.img"],
    ["x-disk", "disk"],
  ],
  [
    ["/x/disk.img", "/x/disk.raw"],
    ["disk", "disk"],
  ],
  [
    ["/x/disk.img", "/x/../x/disk.img", "/y/disk.img"],
    ["disk", "disk", "y-disk"],
  ],
  [[], []],
])("%j are called %j", (images, names) => expect(diskNames(images)).toEqual(names))
