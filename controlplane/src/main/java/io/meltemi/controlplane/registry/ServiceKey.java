package io.meltemi.controlplane.registry;

/**
 * What names a service: two namespaces may own the same host name.
 *
 * @param hostname fully qualified, lower case; may be a wildcard such as {@code *.example.com}
 * @param namespace of the resource that defines it
 */
public record ServiceKey(String hostname, String namespace) implements Comparable<ServiceKey> {
  @Override
  public int compareTo(ServiceKey other) {
    int byHost = hostname.compareTo(other.hostname);
    return byHost != 0 ? byHost : namespace.compareTo(other.namespace);
  }

  @Override
  public String toString() {
    return namespace + "/" + hostname;
  }
}
