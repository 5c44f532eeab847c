# Turns Debian's minimal system into a sandbox. Runs outside of the new system; $1 is its root.
set -eu
root=$1

# Whom commands run as. No password opens either account; sudo needs none.
chroot "$root" useradd --uid 1000 --user-group --create-home --shell /bin/bash user
chroot "$root" passwd --quiet --lock root
echo 'user ALL=(ALL:ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/user"
chmod 0440 "$root/etc/sudoers.d/user"
mkdir "$root/workspace"
chmod 0755 "$root/workspace"
chroot "$root" chown user:user /workspace

# What tells one machine from another is written when a sandbox starts.
echo sandbox >"$root/etc/hostname"
: >"$root/etc/machine-id"
: >"$root/etc/resolv.conf"
cat >"$root/etc/hosts" <<'END'
127.0.0.1 localhost
::1 localhost ip6-localhost ip6-loopback
END
echo '/dev/vda / ext4 noatime,errors=remount-ro 0 0' >"$root/etc/fstab"
echo 'LANG=C.UTF-8' >"$root/etc/default/locale"

# The public archive, whichever mirror the packages came from.
rm -rf "$root/etc/apt/sources.list.d"/* "$root/etc/apt/apt.conf.d/99mmdebstrap"
cat >"$root/etc/apt/sources.list" <<'END'
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
END
echo 'Acquire::Languages "none";' >"$root/etc/apt/apt.conf.d/01-no-translations"
mv "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/01-no-manuals"

# A right that is written beside a file does not survive every way to copy it.
if [ -n "$(chroot "$root" getcap /usr/bin/ping)" ]; then
    chroot "$root" setcap -r /usr/bin/ping
fi
chmod 4755 "$root/usr/bin/ping"

# Copies that programs make of their last state.
rm -f "$root"/etc/passwd- "$root"/etc/group- "$root"/etc/shadow- "$root"/etc/gshadow-
rm -f "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old
rm -f "$root"/var/cache/ldconfig/aux-cache
chmod 1777 "$root/tmp" "$root/var/tmp"
