package io.meltemi.controlplane.registry;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Origin;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A service as clients of the mesh see it; one per host name and namespace.
 *
 * @param key host name and owning namespace
 * @param ports in the order written
 * @param resolution how its addresses are found
 * @param addresses virtual IPs (or CIDR ranges of a ServiceEntry); empty when it has none
 * @param exportTo the namespaces that see it
 * @param attributes the rest
 * @param origin where it is written
 */
public record MeshService(
    ServiceKey key,
    List<ServicePort> ports,
    Resolution resolution,
    List<String> addresses,
    ExportTo exportTo,
    Attributes attributes,
    Origin origin) {

  /** Where listeners stand that no virtual IP narrows. */
  public static final String ANY_ADDRESS = "0.0.0.0";

  private static final String SESSION_COOKIE = "istio.io/persistent-session";
  private static final String SESSION_HEADER = "istio.io/persistent-session-header";

  public MeshService {
    ports = List.copyOf(ports);
    addresses = List.copyOf(addresses);
  }

  /** What a service was made from. */
  public enum Source {
    KUBERNETES,
    SERVICE_ENTRY
  }

  /**
   * What is known of a service beside its addressing.
   *
   * @param source the kind of resource it comes from
   * @param name the resource's name: the Kubernetes Service or the ServiceEntry's host
   * @param labels labels of the resource
   * @param selector labels of the workloads that serve it; empty when it selects none
   * @param creationTimestamp the resource's age, which decides conflicts
   * @param meshExternal runs outside the mesh
   * @param headless a Kubernetes Service without cluster IP
   * @param externalName the name a Kubernetes ExternalName Service stands for, else empty
   * @param localNodeOnly only endpoints on the client's node serve ({@code internalTrafficPolicy:
   *     Local})
   * @param trafficDistribution the Kubernetes field or Istio annotation, empty when unset
   * @param subjectAltNames identities that its servers may present
   * @param allocatedAddresses given to it because it has none of its own; only proxies whose agent
   *     answers DNS are asked for them
   */
  public record Attributes(
      Source source,
      String name,
      Labels labels,
      Labels selector,
      Instant creationTimestamp,
      boolean meshExternal,
      boolean headless,
      String externalName,
      boolean localNodeOnly,
      String trafficDistribution,
      List<String> subjectAltNames,
      List<String> allocatedAddresses) {
    public Attributes {
      allocatedAddresses = List.copyOf(allocatedAddresses);
      subjectAltNames = List.copyOf(subjectAltNames);
    }
  }

  public String hostname() {
    return key.hostname();
  }

  public String namespace() {
    return key.namespace();
  }

  public Optional<ServicePort> port(int number) {
    return ports.stream().filter(port -> port.number() == number).findFirst();
  }

  public Optional<ServicePort> port(String name) {
    return ports.stream().filter(port -> port.name().equals(name)).findFirst();
  }

  /** True when it differs in nothing but where it is written. */
  boolean isSameAs(MeshService other) {
    return equals(
        new MeshService(
            other.key,
            other.ports,
            other.resolution,
            other.addresses,
            other.exportTo,
            other.attributes,
            origin));
  }

  /** The same service with other ports. */
  public MeshService withPorts(List<ServicePort> others) {
    return new MeshService(key, others, resolution, addresses, exportTo, attributes, origin);
  }

  /** True when the labels of a Service ask for sessions that stick to endpoints. */
  static boolean hasSessions(Labels labels) {
    return !labels.get(SESSION_COOKIE, "").isEmpty() || !labels.get(SESSION_HEADER, "").isEmpty();
  }

  /** True when clients are told of endpoints that drain, for sessions by cookie. */
  public boolean keepsDraining() {
    return !attributes.labels().get(SESSION_COOKIE, "").isEmpty();
  }

  public boolean meshExternal() {
    return attributes.meshExternal();
  }

  public boolean headless() {
    return attributes.headless();
  }

  /**
   * The addresses by which a proxy is asked for the service; may be empty.
   *
   * @param dnsCapture the proxy's agent answers DNS, with allocated addresses too
   */
  public List<String> addresses(boolean dnsCapture) {
    return addresses.isEmpty() && dnsCapture ? attributes.allocatedAddresses() : addresses;
  }

  /** The first of these, or {@code 0.0.0.0} when there is none. */
  public String defaultAddress(boolean dnsCapture) {
    List<String> all = addresses(dnsCapture);
    return all.isEmpty() ? ANY_ADDRESS : all.getFirst();
  }
}
