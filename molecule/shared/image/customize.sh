#!/bin/sh
# Runs at the end of mmdebstrap; $1 is the new root file system, /overlay is already copied in.
# STORED names the packages that later plays install: they go into a repository inside the image.
set -eu
root=$1
chown -R root:root "$root"/etc/default "$root"/etc/fstab "$root"/etc/systemd/network

# --- A local repository, so that a play installs for real, quickly and without a network.
store=$root/srv/packages
mkdir -p "$store"
# shellcheck disable=SC2086
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q -y --download-only -o Dir::Cache::archives="$store/" install $STORED
rm -rf "$store/partial" "$store/lock"
cd "$store"
for deb in *.deb; do
    # A flat repository needs no more than each control file, the name, the size and a checksum.
    dpkg-deb --field "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' \
        "$deb" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d ' ' -f 1)"
done > Packages
rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/packages ./' > "$root/etc/apt/sources.list.d/local.list"
find "$root/var/lib/apt/lists" -type f -delete
chroot "$root" apt-get -q update

# --- Nothing may hold dpkg's lock or use the CPUs while tests run.
chroot "$root" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer man-db.timer
chroot "$root" systemctl --quiet enable systemd-networkd.service ssh.service
printf '127.0.0.1 localhost\n127.0.1.1 node\n' > "$root/etc/hosts"
echo node > "$root/etc/hostname"

# --- The boot loader: stand-alone, it only looks for the root file system's own grub.cfg.
cat > "$root/tmp/early.cfg" <<'EARLY'
search --no-floppy --label root --set root
set prefix=($root)/boot/grub
configfile $prefix/grub.cfg
EARLY
chroot "$root" grub-mkstandalone --format=x86_64-efi --output=/boot/BOOTX64.EFI --locales= --fonts= --themes= \
    --modules='part_gpt ext2 search search_label search_fs_uuid configfile normal linux serial terminal
               loadenv test echo gzio all_video reboot halt' \
    boot/grub/grub.cfg=/tmp/early.cfg
rm "$root/tmp/early.cfg"

# --- The guest's own grub.cfg, made by its own update-grub. There is no disk to probe yet, so for
#     this one run grub-probe answers what will be true.
mv "$root/usr/sbin/grub-probe" "$root/usr/sbin/grub-probe.real"
cat > "$root/usr/sbin/grub-probe" <<'PROBE'
#!/bin/sh
case "$*" in
    *target=device*) echo /dev/vda2 ;;
    *target=fs_uuid*) echo "$ROOT_UUID" ;;
    *target=fs*) echo ext2 ;;
    *target=partmap*) echo gpt ;;
    *target=compatibility_hint*) echo hd0,gpt2 ;;
esac
PROBE
chmod 755 "$root/usr/sbin/grub-probe"
mkdir -p "$root/boot/grub"
chroot "$root" env ROOT_UUID="$ROOT_UUID" update-grub
mv "$root/usr/sbin/grub-probe.real" "$root/usr/sbin/grub-probe"
chroot "$root" grub-editenv /boot/grub/grubenv create
