package io.meltemi.xds.resource;

import java.util.AbstractSet;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Names that a client asked for, in the order in which it did. Immutable, so that the many clients
 * that ask for the same share one; compares fast with itself.
 */
public final class NameSet extends AbstractSet<String> {
  public static final NameSet EMPTY = new NameSet(new LinkedHashSet<>());

  private final Set<String> names;
  private final int hash;

  private NameSet(Set<String> names) {
    this.names = names;
    this.hash = names.hashCode();
  }

  public static NameSet of(Collection<String> names) {
    if (names instanceof NameSet same) {
      return same;
    }
    return names.isEmpty() ? EMPTY : new NameSet(new LinkedHashSet<>(names));
  }

  /** These and others; the same set when it has them all. */
  public NameSet with(Collection<String> others) {
    if (names.containsAll(others)) {
      return this;
    }
    Set<String> all = new LinkedHashSet<>(names);
    all.addAll(others);
    return new NameSet(all);
  }

  /** These but for some; the same set when it has none of them. */
  public NameSet without(Collection<String> others) {
    if (others.stream().noneMatch(names::contains)) {
      return this;
    }
    Set<String> rest = new LinkedHashSet<>(names);
    others.forEach(rest::remove);
    return rest.isEmpty() ? EMPTY : new NameSet(rest);
  }

  @Override
  public boolean contains(Object name) {
    return names.contains(name);
  }

  @Override
  public Iterator<String> iterator() {
    Iterator<String> each = names.iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return each.hasNext();
      }

      @Override
      public String next() {
        return each.next();
      }
    };
  }

  @Override
  public int size() {
    return names.size();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof NameSet that
            ? hash == that.hash && names.equals(that.names)
            : super.equals(other));
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
