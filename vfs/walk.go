package vfs

import (
	"strings"
	"syscall"
)

// kind tells what the last component of a path is (last_type).
type kind uint8

const (
	kindName   kind = iota // LAST_NORM
	kindRoot               // LAST_ROOT
	kindDot                // LAST_DOT
	kindDotDot             // LAST_DOTDOT
)

// A leaf is where a walk to the parent ends: the directory, with a reference,
// and the last component.
type leaf struct {
	dir   *Dentry
	name  string
	kind  kind
	slash bool // the path ends in a slash
}

// lookup walks to the object that path names and returns its dentry with a
// reference, positive (user_path_walk). With Follow a symbolic link at the end
// is followed.
func (c *Call) lookup(path string, flags IntentFlags) (*Dentry, error) {
	nd := &Intent{Flags: flags}
	l, err := c.parent(c.tree.root, path, nd)
	if err != nil {
		return nil, err
	}
	for {
		d, err := c.last(l, nd)
		if err != nil {
			l.dir.Put()
			return nil, err
		}
		c.At(&V9)
		i := d.Inode()
		if i == nil {
			d.Put()
			l.dir.Put()
			return nil, syscall.ENOENT
		}
		if link, ok := i.node.(Readlinker); ok && (nd.Flags&Follow != 0 || l.slash) {
			if l, err = c.follow(l, d, link, nd); err != nil {
				return nil, err
			}
			continue
		}
		l.dir.Put()
		if l.slash && !i.IsDir() {
			d.Put()
			return nil, syscall.ENOTDIR
		}
		return d, nil
	}
}

// lookupParent walks to the directory of path's last component
// (path_lookup with LOOKUP_PARENT).
func (c *Call) lookupParent(path string, flags IntentFlags) (leaf, error) {
	return c.parent(c.tree.root, path, &Intent{Flags: flags | Parent})
}

// last looks the last component of a walk up.
func (c *Call) last(l leaf, nd *Intent) (*Dentry, error) {
	nd.Flags &^= Continue
	if l.slash {
		nd.Flags |= Directory
	}
	if l.kind != kindName {
		l.dir.hold()
		return l.dir, nil // "." and ".." are walked by parent already
	}
	return c.doLookup(l.dir, l.name, nd)
}

// follow replaces the leaf l, which d is a symbolic link at, by where the link
// leads. It drops the references on l.dir and d, and returns a leaf with one.
func (c *Call) follow(l leaf, d *Dentry, link Readlinker, nd *Intent) (leaf, error) {
	target, err := c.readlink(link)
	d.Put()
	if err != nil {
		l.dir.Put()
		return leaf{}, err
	}
	to, err := c.parent(l.dir, target, nd) // takes the reference over
	to.slash = to.slash || l.slash
	return to, err
}

// readlink returns the target of a link that is to be followed.
func (c *Call) readlink(link Readlinker) (string, error) {
	if c.links++; c.links > MaxLink {
		return "", Badf(syscall.ELOOP, "%d symbolic links: at most %d are followed", c.links, MaxLink)
	}
	target, err := link.Readlink(c)
	if err != nil {
		return "", err
	}
	return target, checkPath(target)
}

// parent walks from the directory cur, whose reference it takes over, along
// all but the last component of path (link_path_walk). An absolute path starts
// at the root.
func (c *Call) parent(cur *Dentry, path string, nd *Intent) (l leaf, err error) {
	defer func() {
		if err != nil {
			cur.Put()
		}
	}()
	for {
		if strings.HasPrefix(path, "/") {
			cur.Put()
			cur = c.tree.root
		}
		name, rest, slash := cut(path)
		if name == "" {
			return leaf{dir: cur, name: "/", kind: kindRoot, slash: true}, nil
		}
		i := cur.PeekInode() // cur is a positive directory, and we have it
		if err := c.permission(i, mayExec); err != nil {
			return leaf{}, err
		}
		k := kindName
		switch {
		case name == ".":
			k = kindDot
		case name == "..":
			k = kindDotDot
			// The parent of the root is the root.
			if up := cur.parent; up != nil {
				up.hold()
				cur.Put()
				cur = up
			}
		case len(name) > NameMax:
			return leaf{}, Badf(syscall.ENAMETOOLONG, "component of %d bytes: at most %d are allowed", len(name), NameMax)
		}
		if rest == "" {
			return leaf{dir: cur, name: name, kind: k, slash: slash}, nil
		}
		path = rest
		if k != kindName {
			continue
		}
		nd.Flags |= Continue
		d, err := c.doLookup(cur, name, nd)
		if err != nil {
			return leaf{}, err
		}
		c.At(&V9)
		i = d.Inode()
		if i == nil {
			d.Put()
			return leaf{}, syscall.ENOENT
		}
		if link, ok := i.node.(Readlinker); ok {
			target, err := c.readlink(link)
			d.Put()
			if err == nil && len(target)+len(rest) > PathMax {
				err = Badf(syscall.ENAMETOOLONG, "path of more than %d bytes after links were followed", PathMax)
			}
			if err != nil {
				return leaf{}, err
			}
			path = target + "/" + rest
			continue
		}
		if !i.IsDir() {
			d.Put()
			return leaf{}, syscall.ENOTDIR
		}
		cur.Put()
		cur = d
	}
}

// cut splits the first component off path. Slash says whether one follows it;
// rest is what comes after all the slashes.
func cut(path string) (name, rest string, slash bool) {
	path = strings.TrimLeft(path, "/")
	name, rest, slash = strings.Cut(path, "/")
	return name, strings.TrimLeft(rest, "/"), slash
}
