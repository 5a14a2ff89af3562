package io.meltemi.controlplane.translate.route;

import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The names by which one proxy may ask for a service: its full name, the shorter forms that the
 * proxy's DNS search path would complete, and its addresses.
 */
final class Domains {
  private static final String SERVICE_LABEL = ".svc.";

  private Domains() {}

  /**
   * The domains of a service's virtual host, the full name first.
   *
   * @param aliases other full names of the service
   * @param node who asks
   */
  static List<String> of(MeshService service, List<String> aliases, ProxyNode node) {
    String proxyDomain = node.dnsDomain();
    Set<String> domains = new LinkedHashSet<>();
    addNames(domains, service.hostname(), proxyDomain);
    aliases.forEach(alias -> addNames(domains, alias, proxyDomain));
    if (service.resolution() == Resolution.PASSTHROUGH
        && service.attributes().source() == MeshService.Source.KUBERNETES) {
      // names of single pods of a headless service
      List.copyOf(domains).forEach(domain -> domains.add("*." + domain));
    }
    for (String address : service.addresses(node.metadata().dnsCapture())) {
      if (!address.equals(MeshService.ANY_ADDRESS)) {
        domains.add(address.indexOf(':') >= 0 ? '[' + address + ']' : address);
      }
    }
    return List.copyOf(domains);
  }

  private static void addNames(Set<String> domains, String host, String proxyDomain) {
    domains.add(host);
    if (host.indexOf('.') >= 0) {
      domains.add(host + '.');
    }
    domains.addAll(shortNames(host, proxyDomain));
  }

  /** The domains with a port, for a proxy that tells services apart by it. */
  static List<String> withPort(List<String> domains, int port) {
    return domains.stream().map(domain -> domain + ':' + port).toList();
  }

  /** Shorter forms of a Kubernetes service's name; none for other hosts. */
  static List<String> shortNames(String host, String proxyDomain) {
    int hostEnd = host.indexOf(SERVICE_LABEL);
    int proxyEnd = proxyDomain.indexOf(SERVICE_LABEL);
    int dot = host.indexOf('.');
    if (hostEnd < 0
        || proxyEnd < 0
        || dot >= hostEnd
        || !host.substring(hostEnd).equals(proxyDomain.substring(proxyEnd))) {
      return List.of();
    }
    String withNamespace = host.substring(0, hostEnd);
    List<String> names = new ArrayList<>();
    if (host.substring(dot + 1, hostEnd).equals(proxyDomain.substring(0, proxyEnd))) {
      names.add(host.substring(0, dot));
      names.add(withNamespace + ".svc");
      names.add(withNamespace);
    } else {
      names.add(withNamespace);
      names.add(withNamespace + ".svc");
    }
    return names;
  }
}
