import { zipName } from "../../../src/files/zip/names.ts"
import { localTree } from "../local-tree.ts"
import type { Loss } from "../losses.ts"
import type { Way } from "../way.ts"

/** Commands that leave the tree in the folder `tree` of the folder they are typed in. */
function typed(name: string, command: string, loses: readonly Loss[]): Way {
  return {
    name,
    loses,
    async take(scene) {
      await using folder = await scene.folder()
      await scene.type(command.replaceAll("PLACE", scene.place), folder.path)
      return await localTree(`${folder.path}/tree`)
    },
  }
}

const unpack = "tar --numeric-owner --acls --xattrs --xattrs-include='*' -xpf"

/** `kubectl recover` to this machine, as root. */
export const cliWays: readonly Way[] = [
  typed("cp -r", "kubectl recover cp -q -r PLACE .", [
    "nanoseconds",
    "owners",
    "special bits",
    "devices",
    "pipes",
    "attributes",
    "ACLs",
  ]),
  typed(
    "cp -r --verify --numeric-owner --xattrs",
    // and what is here is what the manifest of the session says
    "kubectl recover cp -q -r --verify --numeric-owner --xattrs PLACE .; kubectl recover sha256 PLACE -f manifest; sha256sum --quiet -c manifest",
    ["nanoseconds", "special bits", "devices", "pipes", "trusted attributes"],
  ),
  typed("cp -r --preserve-special --xattrs", "kubectl recover cp -q -r --preserve-special --xattrs PLACE .", [
    "nanoseconds",
  ]),
  typed("tar | tar -x", `kubectl recover tar -q PLACE -f - | ${unpack} -`, []),
  typed("tar -f FILE.tar.zst", `kubectl recover tar -q PLACE -f tree.tar.zst; ${unpack} tree.tar.zst --zstd`, []),
  {
    ...typed("tar -f FILE.zip", "kubectl recover tar -q PLACE -f tree.zip; LC_ALL=C.UTF-8 unzip -q -X -K tree.zip", [
      "devices",
      "pipes",
      "hard links",
      "attributes",
      "ACLs",
      "fractions of seconds",
      "times before 1980",
      "links' times",
    ]),
    renames: zipName,
  },
]
