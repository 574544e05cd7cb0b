import { all } from "../keeping.ts"
import { group, mounted } from "./words.ts"

const disk = (name: string, sizeMiB = 64) => ({ name, sizeMiB })
const incomplete = { kind: "lvm", state: "Incomplete", reason: "VolumeIncomplete" } as const

/** The other machine's disks are hidden from LVM while this machine's are made. */
const hidden = (mine: string) => `only_these_disks ${mine}`

/** Another letter in each copy of the description that a physical volume carries, so that no checksum fits. */
const damage = (node: string) => `dd if=${node} of=/made/head bs=1M count=1 status=none
      perl -pi -e 's/extent_size/extent_sizf/' /made/head; dd if=/made/head of=${node} conv=fsync status=none`

/** Logical volumes. */
export const lvm = group("LVM", [
  {
    name: "two volumes over two disks, one with a part on each",
    disks: [disk("first"), disk("second")],
    make: `
      vgcreate -q shop $d1 $d2
      lvcreate -q -y -n orders -l 20 shop $d1:0-9 $d2:0-9; lvcreate -q -y -n mail -L 16M shop $d2
      ext4 /dev/shop/orders -L ORDERS; ext4 /dev/shop/mail -L MAIL`,
    volumes: [
      mounted("shop-mail", "ext4", { label: "MAIL", on: ["disk second", "lvm shop/mail"], keeps: all }),
      mounted("shop-orders", "ext4", {
        label: "ORDERS",
        on: ["disk first", "disk second", "lvm shop/orders"],
        keeps: all,
      }),
    ],
  },
  {
    name: "linear, striped and mirrored over three disks, one of them partitioned",
    disks: [disk("l1", 128), disk("l2", 128), disk("l3", 128)],
    make: `
      sgdisk -n 1:0:0 -t 1:8e00 $d3; blockdev --rereadpt $d3
      vgcreate -q data $d1 $d2 \${d3}1
      lvcreate -q -y -n linear -l 20 data $d1:0-9 $d2:0-9
      lvcreate -q -y --type striped -i 3 -I 16 -n striped -l 6 data
      lvcreate -q -y --type mirror -m 1 --mirrorlog core --nosync -n mirror -L 20M data
      for name in linear striped mirror; do ext4 /dev/data/$name -L $name; done`,
    volumes: [
      mounted("data-linear", "ext4", { label: "linear", on: ["disk l1", "disk l2", "lvm data/linear"], keeps: all }),
      mounted("data-mirror", "ext4", { label: "mirror", keeps: all }),
      mounted("data-striped", "ext4", {
        label: "striped",
        on: ["disk l1", "disk l2", "disk l3", "gpt partition 1", "lvm data/striped"],
        keeps: all,
      }),
    ],
  },
  {
    name: "raid1, raid5, raid6 and raid10 logical volumes",
    disks: Array.from({ length: 5 }, (_, at) => disk(`r${at + 1}`, 96)),
    make: `
      vgcreate -q raids $d1 $d2 $d3 $d4 $d5
      lvcreate -q -y --type raid1 -m 1 --nosync -n one -L 20M raids
      lvcreate -q -y --type raid5 -i 2 --nosync -n five -L 24M raids
      lvcreate -q -y --type raid6 -i 3 -n six -L 24M raids
      lvcreate -q -y --type raid10 -m 1 -i 2 --nosync -n ten -L 24M raids
      for name in one five six ten; do ext4 /dev/raids/$name; done
      until [ "$(lvs --noheadings -o sync_percent raids/six | tr -d ' ')" = 100.00 ]; do sleep 0.2; done`,
    volumes: ["five", "one", "six", "ten"].map((name) => mounted(`raids-${name}`, "ext4", { keeps: all })),
  },
  {
    name: "a raid1 logical volume, one of its disks lost",
    disks: [disk("r1"), disk("r2")],
    make: "vgcreate -q half $d1 $d2; lvcreate -q -y --type raid1 -m 1 --nosync -n one -L 24M half; ext4 /dev/half/one",
    without: ["r2"],
    volumes: [mounted("half-one", "ext4", { keeps: all })],
  },
  {
    name: "thin pool, snapshots that are made to be skipped, a snapshot of the old kind",
    disks: [disk("t1", 160), disk("t2", 160)],
    make: `
      vgcreate -q pool $d1 $d2
      lvcreate -q -y -n thin -L 128M --thinpool thin pool
      lvcreate -q -y -V 1G --thin -n root pool/thin
      ext4 /dev/pool/root
      lvcreate -q -y -s -n before pool/root
      lvchange -ay -K pool/before
      mkdir /made/later; mount /dev/pool/root /made/later; rm -r /made/later/big; umount /made/later
      lvcreate -q -y -n thick -L 24M pool; ext4 /dev/pool/thick
      lvcreate -q -y -s -n copy -L 8M pool/thick`,
    volumes: [
      mounted("pool-before", "ext4", { keeps: all }),
      mounted("pool-copy", "ext4", { keeps: all }),
      mounted("pool-root", "ext4", { keeps: { ...all, drops: /^big$/ } }),
      mounted("pool-thick", "ext4", { keeps: all }),
    ],
  },
  {
    name: "a cache in front of a logical volume, with writes that are only in it",
    disks: [disk("slow", 96), disk("fast", 96)],
    make: `
      vgcreate -q cached $d1 $d2
      lvcreate -q -y -n data -L 48M cached $d1
      lvcreate -q -y --type cache-pool -n fast -L 32M cached $d2
      lvconvert -q -y --type cache --cachemode writeback --cachepool cached/fast cached/data
      ext4 /dev/cached/data`,
    volumes: [mounted("cached-data", "ext4", { keeps: all })],
  },
  {
    name: "two groups of one name, from two machines",
    disks: [disk("m1"), disk("m2")],
    make: `
      ${hidden("$d1")}; vgcreate -q web $d1; lvcreate -q -y -n root -L 32M web; ext4 /dev/web/root -L FIRST; vgchange -q -an web
      ${hidden("$d2")}; vgcreate -q web $d2; lvcreate -q -y -n root -L 32M web; ext4 /dev/web/root -L SECOND; vgchange -q -an web`,
    volumes: [mounted("web-root", "ext4", { keeps: all }), mounted(/^web-\w{6}-root$/, "ext4", { keeps: all })],
  },
  {
    name: "byte clones of a group of two disks",
    disks: [disk("o1"), disk("o2"), disk("c1"), disk("c2")],
    make: `
      ${hidden("$d1 $d2")}; vgcreate -q vg0 $d1 $d2
      lvcreate -q -y --type striped -i 2 -n root -L 32M vg0; ext4 /dev/vg0/root -L TWIN; vgchange -q -an vg0
      sync; dd if=$d1 of=$d3 bs=1M conv=sparse status=none; dd if=$d2 of=$d4 bs=1M conv=sparse status=none`,
    volumes: [
      mounted("vg0-root", "ext4", { label: "TWIN", keeps: all }),
      mounted("clone-root", "ext4", { label: "TWIN", keeps: all }),
    ],
  },
  {
    name: "a disk of three is lost: what lies on the others is read",
    disks: [disk("k1"), disk("k2"), disk("k3")],
    make: `
      vgcreate -q left $d1 $d2 $d3
      lvcreate -q -y -n there -L 32M left $d1
      lvcreate -q -y -n gone -L 32M left $d3
      lvcreate -q -y --type striped -i 2 -n half -L 32M left $d2 $d3
      for name in there gone half; do ext4 /dev/left/$name; done`,
    without: ["k3"],
    volumes: [
      mounted("left-there", "ext4", { keeps: all }),
      { path: "left-gone", ...incomplete },
      { path: "left-half", ...incomplete },
    ],
  },
  {
    name: "names with dots, dashes and plus signs",
    disks: [disk("odd", 96)],
    make: `
      vgcreate -q -s 1M a-b.c+d_e $d1
      lvcreate -q -y -n x-y.z+1 -L 24M a-b.c+d_e; lvcreate -q -y -n x--y -L 24M a-b.c+d_e
      for name in x-y.z+1 x--y; do ext4 /dev/a-b.c+d_e/$name; done`,
    volumes: [
      mounted("a-b.c_d_e-x-y.z_1", "ext4", { on: ["disk odd", "lvm a-b.c+d_e/x-y.z+1"], keeps: all }),
      mounted("a-b.c_d_e-x--y", "ext4", { keeps: all }),
    ],
  },
  {
    name: "a group's description damaged on one of its two disks",
    disks: [disk("hurt"), disk("well")],
    make: `
      vgcreate -q told $d1 $d2; lvcreate -q -y --type striped -i 2 -n twice -L 32M told; ext4 /dev/told/twice; vgchange -q -an told
      sync; ${damage("$d1")}`,
    volumes: [mounted("told-twice", "ext4", { keeps: all })],
  },
  {
    name: "a group's description damaged on its only disk",
    disks: [disk("only")],
    make: `
      vgcreate -q lone $d1; lvcreate -q -y -n data -L 32M lone; ext4 /dev/lone/data; vgchange -q -an lone
      sync; ${damage("$d1")}`,
    volumes: [{ path: "only", kind: "lvm", state: "Corrupt", reason: "VolumeCorrupt" }],
  },
  {
    name: "a physical volume without a group, a group without volumes",
    disks: [disk("alone", 16), disk("empty", 16)],
    make: "pvcreate -q $d1; vgcreate -q nothing $d2",
    volumes: ["alone", "empty"].map((path) => ({
      path,
      kind: "lvm",
      state: "Unsupported" as const,
      reason: "VolumeUnsupported" as const,
    })),
  },
])
