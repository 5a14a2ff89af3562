package io.meltemi.controlplane.registry;

import io.meltemi.config.kind.serviceentry.ServiceEntry;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Addresses of 240.240.0.0/16 and 2001:2::/48 for ServiceEntries that have none, one pair per host.
 * Nothing is written back: the place of a host follows from its name, so that it is the same after
 * a restart and whatever comes in between. Only two hosts of one place depend on who came first:
 * the older one keeps it, and while this process runs nobody is moved. Belongs to the thread of the
 * registry.
 *
 * <p>Differs from Istio: its controller counts upwards and remembers in {@code status.addresses};
 * what is written there is honoured here, and kept free.
 *
 * @see <a href="https://istio.io/latest/docs/ops/configuration/traffic-management/dns-proxy/">DNS
 *     proxying</a>
 */
final class AddressAllocation {
  private static final String SWITCH = "networking.istio.io/enable-autoallocate-ip";
  private static final String IPV4 = "240.240.";
  private static final String IPV6 = "2001:2::";

  /** Places are the last two bytes of the address; those ending in 0 and 255 are not given. */
  private static final int PLACES = 1 << 16;

  private static final int FNV_OFFSET = 0x811c9dc5;
  private static final int FNV_PRIME = 0x01000193;

  private final Map<ServiceKey, Integer> places = new HashMap<>();
  private final Map<Integer, ServiceKey> owners = new HashMap<>();
  private final Map<ServiceKey, Set<ResourceName>> users = new HashMap<>();
  private final Map<ResourceName, Set<ServiceKey>> hosts = new HashMap<>();
  private final Map<ResourceName, Set<Integer>> written = new HashMap<>();

  /**
   * Takes in entries as they are now.
   *
   * @param entries those that changed; the older of two that want one place must come first
   * @param gone those that are no more
   */
  void update(List<Resource<ServiceEntry>> entries, Set<ResourceName> gone) {
    gone.forEach(name -> release(name, Set.of()));
    gone.forEach(written::remove);
    for (Resource<ServiceEntry> entry : entries) {
      Set<Integer> taken = new HashSet<>();
      entry
          .spec()
          .allocatedAddresses()
          .forEach(given -> place(given.value()).ifPresent(taken::add));
      if (taken.isEmpty()) {
        written.remove(entry.id());
      } else {
        written.put(entry.id(), taken);
      }
    }
    Set<Integer> reserved = new HashSet<>();
    written.values().forEach(reserved::addAll);
    for (Resource<ServiceEntry> entry : entries) {
      Set<ServiceKey> wanted = wanted(entry);
      release(entry.id(), wanted);
      hosts.put(entry.id(), wanted);
      for (ServiceKey key : wanted) {
        users.computeIfAbsent(key, _ -> new HashSet<>()).add(entry.id());
        give(key, reserved);
      }
    }
  }

  /** The pair of a host; empty when it has or needs none, or all are taken. */
  List<String> of(ServiceKey key) {
    Integer place = places.get(key);
    return place == null
        ? List.of()
        : List.of(IPV4 + (place >> 8) + '.' + (place & 0xff), IPV6 + Integer.toHexString(place));
  }

  private static Set<ServiceKey> wanted(Resource<ServiceEntry> entry) {
    ServiceEntry spec = entry.spec();
    boolean resolvable =
        switch (spec.resolution()) {
          case STATIC, DNS, DNS_ROUND_ROBIN -> true;
          case NONE, DYNAMIC_DNS -> false;
        };
    if (!resolvable
        || !spec.addresses().isEmpty()
        || !spec.allocatedAddresses().isEmpty()
        || entry.metadata().labels().get(SWITCH, "true").equals("false")) {
      return Set.of();
    }
    Set<ServiceKey> wanted = new TreeSet<>();
    for (String host : spec.hosts()) {
      if (!host.startsWith("*")) {
        wanted.add(new ServiceKey(host.toLowerCase(Locale.ROOT), entry.namespace()));
      }
    }
    return wanted;
  }

  private void release(ResourceName entry, Set<ServiceKey> kept) {
    for (ServiceKey key : hosts.getOrDefault(entry, Set.of())) {
      Set<ResourceName> left = users.getOrDefault(key, Set.of());
      if (!kept.contains(key) && left.remove(entry) && left.isEmpty()) {
        users.remove(key);
        Integer place = places.remove(key);
        if (place != null) {
          owners.remove(place);
        }
      }
    }
    hosts.remove(entry);
  }

  private void give(ServiceKey key, Set<Integer> reserved) {
    if (places.containsKey(key)) {
      return;
    }
    int first = hash(key.namespace() + '/' + key.hostname());
    for (int i = 0; i < PLACES; i++) {
      int place = (first + i) & (PLACES - 1);
      int last = place & 0xff;
      if (last != 0 && last != 0xff && !reserved.contains(place) && !owners.containsKey(place)) {
        places.put(key, place);
        owners.put(place, key);
        return;
      }
    }
  }

  /** The place of an address of ours. */
  private static Optional<Integer> place(String address) {
    if (!address.startsWith(IPV4)) {
      return Optional.empty();
    }
    String[] parts = address.split("\\.", -1);
    try {
      return parts.length == 4
          ? Optional.of(Integer.parseInt(parts[2]) << 8 | Integer.parseInt(parts[3]))
          : Optional.empty();
    } catch (NumberFormatException _) {
      return Optional.empty();
    }
  }

  /** FNV-1a, folded to the number of places. */
  private static int hash(String text) {
    int hash = FNV_OFFSET;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return (hash >>> 16 ^ hash) & (PLACES - 1);
  }
}
