package io.meltemi.controlplane.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.config.kind.serviceentry.ServiceEntry;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.controlplane.testing.YamlWorld;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which addresses ServiceEntries get, and that they keep them. */
class AddressAllocationTest {
  private static List<Resource<ServiceEntry>> entries(String... specs) {
    List<Resource<ServiceEntry>> entries = new ArrayList<>();
    for (String spec : specs) {
      String name = "e" + entries.size();
      entries.add(entry(name, spec));
    }
    return entries;
  }

  @SuppressWarnings("unchecked") // the text is a ServiceEntry
  private static Resource<ServiceEntry> entry(String name, String spec) {
    return (Resource<ServiceEntry>)
        YamlWorld.resources(
                "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: "
                    + name
                    + "}\n"
                    + spec)
            .getFirst();
  }

  private static String host(String host) {
    return "spec: {hosts: ["
        + host
        + "], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}";
  }

  private static ServiceKey key(String host) {
    return new ServiceKey(host, "default");
  }

  @Test
  void thePairOfAHostFollowsFromItsName() {
    AddressAllocation one = new AddressAllocation();
    one.update(entries(host("a.com"), host("b.com")), Set.of());
    AddressAllocation other = new AddressAllocation();
    other.update(entries(host("c.com")), Set.of());
    other.update(entries(host("b.com")), Set.of());
    assertEquals(one.of(key("b.com")), other.of(key("b.com")));
    assertNotEquals(one.of(key("a.com")), one.of(key("b.com")));
    List<String> pair = one.of(key("a.com"));
    assertTrue(pair.getFirst().startsWith("240.240."), pair::toString);
    assertTrue(pair.getLast().startsWith("2001:2::"), pair::toString);
  }

  @Test
  void twoHostsNeverShareAPlaceWhateverTheOrder() {
    List<Resource<ServiceEntry>> many = new ArrayList<>();
    for (int i = 0; i < 4_000; i++) {
      many.add(entry("e" + i, host("h" + i + ".com")));
    }
    AddressAllocation allocation = new AddressAllocation();
    allocation.update(many, Set.of());
    Set<String> given = new HashSet<>();
    for (int i = 0; i < many.size(); i++) {
      assertTrue(given.add(allocation.of(key("h" + i + ".com")).getFirst()));
    }
    List<Resource<ServiceEntry>> shuffled = new ArrayList<>(many);
    Collections.shuffle(shuffled, new Random(7));
    allocation.update(shuffled, Set.of());
    for (int i = 0; i < many.size(); i++) {
      assertTrue(given.contains(allocation.of(key("h" + i + ".com")).getFirst()), "moved");
    }
  }

  @Test
  void aHostThatIsGoneGivesItsPlaceBackOnceNobodyDefinesIt() {
    AddressAllocation allocation = new AddressAllocation();
    allocation.update(entries(host("a.com"), host("a.com")), Set.of());
    List<String> pair = allocation.of(key("a.com"));
    allocation.update(List.of(), Set.of(new ResourceName("default", "e0")));
    assertEquals(pair, allocation.of(key("a.com")));
    allocation.update(List.of(), Set.of(new ResourceName("default", "e1")));
    assertEquals(List.of(), allocation.of(key("a.com")));
  }

  @Test
  void whatAStatusSaysIsKeptFree() {
    AddressAllocation free = new AddressAllocation();
    free.update(entries(host("a.com")), Set.of());
    String place = free.of(key("a.com")).getFirst();
    AddressAllocation allocation = new AddressAllocation();
    allocation.update(
        entries(
            host("a.com"),
            host("b.com") + "\nstatus: {addresses: [{value: " + place + ", host: b.com}]}"),
        Set.of());
    assertNotEquals(place, allocation.of(key("a.com")).getFirst());
    assertEquals(List.of(), allocation.of(key("b.com")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spec: {hosts: ['*.a.com'], resolution: STATIC, ports: [{number: 80, name: http, protocol:"
            + " HTTP}]}",
        "spec: {hosts: [a.com], ports: [{number: 80, name: http, protocol: HTTP}]}",
        "spec: {hosts: [a.com], addresses: [10.0.0.1], resolution: DNS, ports: [{number: 80, name:"
            + " http, protocol: HTTP}]}",
      })
  void entriesThatNeedOrTakeNoneGetNone(String spec) {
    AddressAllocation allocation = new AddressAllocation();
    allocation.update(entries(spec), Set.of());
    assertEquals(List.of(), allocation.of(key("a.com")));
    assertEquals(List.of(), allocation.of(key("*.a.com")));
  }
}
