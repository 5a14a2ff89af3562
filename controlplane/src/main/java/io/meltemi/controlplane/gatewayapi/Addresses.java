package io.meltemi.controlplane.gatewayapi;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Where a gateway is to be found: the services that stand for it, and whether their endpoints serve
 * its ports.
 */
final class Addresses {
  final Set<String> internal = new TreeSet<>();
  final Set<String> internalIps = new TreeSet<>();
  final Set<String> external = new TreeSet<>();
  final Set<String> pending = new TreeSet<>();
  final List<String> warnings = new ArrayList<>();
  boolean allUsable = true;

  /**
   * Looks the services up.
   *
   * @param namespace of the gateway
   * @param ports of its listeners
   */
  static Addresses find(
      ServiceDirectory directory,
      String namespace,
      List<String> services,
      Collection<Integer> ports) {
    Addresses addresses = new Addresses();
    for (String hostname : services) {
      Optional<ServiceDirectory.Entry> service = directory.find(hostname, namespace);
      if (service.isEmpty()) {
        addresses.missing(hostname, namespace, directory.namespaces(hostname));
      } else {
        for (int port : new TreeSet<>(ports)) {
          addresses.add(hostname, port, service.get());
        }
      }
    }
    addresses.warnings.sort(null);
    return addresses;
  }

  private void missing(String hostname, String namespace, List<String> elsewhere) {
    allUsable = false;
    warnings.add(
        "hostname \""
            + hostname
            + "\" not found"
            + (elsewhere.isEmpty()
                ? ""
                : " in namespace \""
                    + namespace
                    + "\", but it was found in namespace(s) \""
                    + String.join("\", \"", elsewhere)
                    + '"'));
  }

  private void add(String hostname, int port, ServiceDirectory.Entry service) {
    if (service.endpointPorts().containsKey(port)) {
      internal.add(hostname + ":" + port);
      internalIps.addAll(service.addresses());
      external.addAll(service.externalAddresses());
      if (service.externalAddresses().isEmpty()
          && service.pendingAddress()
          && pending.add(hostname)) {
        warnings.add("address pending for hostname \"" + hostname + '"');
      }
      return;
    }
    if (service.endpointPorts().isEmpty()) {
      warnings.add("no instances found for hostname \"" + hostname + '"');
      return;
    }
    Set<String> meant = new TreeSet<>();
    service
        .endpointPorts()
        .forEach(
            (servicePort, endpointPorts) -> {
              if (endpointPorts.contains(port)) {
                meant.add(Integer.toString(servicePort));
              }
            });
    boolean late =
        service.labels().values().containsKey("gateway.istio.io/managed")
            && service.ports().contains(port);
    if (!meant.isEmpty()) {
      allUsable = false;
      warnings.add(
          notFound(port, hostname)
              + " (hint: the service port should be specified, not the workload port."
              + " Did you mean one of these ports: ["
              + String.join(" ", meant)
              + "]?)");
    } else if (!late) {
      allUsable = false;
      warnings.add(notFound(port, hostname));
    }
  }

  private static String notFound(int port, String hostname) {
    return "port " + port + " not found for hostname \"" + hostname + '"';
  }

  /** Tells in the condition Programmed what was found. */
  void report(Conditions conditions, List<String> services) {
    if (!internal.isEmpty()) {
      conditions.say(
          Conditions.PROGRAMMED,
          "Resource programmed, assigned to service(s) " + enumerated(List.copyOf(internal)));
    }
    if (services.isEmpty()) {
      conditions.fail(
          Conditions.PROGRAMMED,
          new Problem("UnsupportedAddress", "Failed to assign to any requested addresses"));
    } else if (!warnings.isEmpty()) {
      String why = String.join("; ", warnings);
      conditions.fail(
          Conditions.PROGRAMMED,
          new Problem(
              allUsable ? "AddressNotAssigned" : "AddressNotUsable",
              internal.isEmpty()
                  ? "Failed to assign to any requested addresses: " + why
                  : "Assigned to service(s) "
                      + enumerated(List.copyOf(internal))
                      + ", but failed to assign to all requested addresses: "
                      + why));
    }
  }

  /** {@code a}, {@code a and b}, {@code a, b, and c}. */
  static String enumerated(List<String> words) {
    return switch (words.size()) {
      case 0 -> "";
      case 1 -> words.getFirst();
      case 2 -> words.getFirst() + " and " + words.getLast();
      default -> String.join(", ", words.subList(0, words.size() - 1)) + ", and " + words.getLast();
    };
  }
}
