package io.meltemi.controlplane.registry;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who may see a resource (Istio's {@code exportTo}), with {@code .} already replaced by the owning
 * namespace.
 *
 * @param everyone visible in every namespace
 * @param namespaces the namespaces that see it when not everyone does; empty: nobody
 */
public record ExportTo(boolean everyone, Set<String> namespaces) {
  public static final ExportTo EVERYONE = new ExportTo(true, Set.of());
  public static final ExportTo NOBODY = new ExportTo(false, Set.of());

  public ExportTo {
    namespaces = Set.copyOf(namespaces);
  }

  /**
   * Parses the written list.
   *
   * @param written {@code *}, {@code .}, {@code ~} or namespaces; when empty the default counts
   * @param missing the mesh's default list
   * @param ownNamespace what {@code .} stands for
   */
  public static ExportTo of(
      Collection<String> written, Collection<String> missing, String ownNamespace) {
    Collection<String> entries = written.isEmpty() ? missing : written;
    if (entries.isEmpty() || entries.contains("*")) {
      return EVERYONE;
    }
    if (entries.contains("~")) {
      return NOBODY;
    }
    Set<String> names = new TreeSet<>();
    for (String entry : entries) {
      names.add(entry.equals(".") ? ownNamespace : entry);
    }
    return new ExportTo(false, names);
  }

  public boolean visibleTo(String namespace) {
    return everyone || namespaces.contains(namespace);
  }

  /** Visible in the given namespace and nowhere else. */
  public boolean onlyTo(String namespace) {
    return !everyone && namespaces.size() == 1 && namespaces.contains(namespace);
  }
}
