package io.meltemi.config.kind.workloadentry;

import io.meltemi.common.net.Locality;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.yaml.ObjectReader;
import java.util.Map;
import java.util.regex.Pattern;

/** Reads WorkloadEntry, also inside other kinds. */
public final class WorkloadEntryParser {
  private static final Pattern PORT_NAME =
      Pattern.compile("[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?");
  private static final String UNIX = "unix://";

  private WorkloadEntryParser() {}

  public static WorkloadEntry parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with address");
    boolean healthy = document.object("status", WorkloadEntryParser::isHealthy).orElse(true);
    return document
        .object("spec", WorkloadEntryParser::spec)
        .orElse(WorkloadEntry.EMPTY)
        .withHealth(healthy);
  }

  /** False when the agent beside the workload, or who else writes the status, found it ill. */
  private static boolean isHealthy(ObjectReader status) {
    status.ignore("validationMessages", "observedGeneration");
    return status.objects("conditions", WorkloadEntryParser::isAllRight).stream()
        .allMatch(Boolean::booleanValue);
  }

  private static boolean isAllRight(ObjectReader condition) {
    condition.ignore(
        "lastProbeTime", "lastTransitionTime", "reason", "message", "observedGeneration");
    return !condition.string("type").equals("Healthy")
        || !condition.string("status").equals("False");
  }

  private static WorkloadEntry spec(ObjectReader reader) {
    WorkloadEntry entry = parse(reader);
    checkAddress(reader, entry);
    return entry;
  }

  /** Reads an entry whose address is not checked. */
  public static WorkloadEntry parse(ObjectReader reader) {
    String address = reader.string("address");
    if (address.length() > 256) {
      reader.error("address", address.length() + " characters", "at most 256");
    }
    Map<String, Integer> ports = reader.integerMap("ports", 1, 65535);
    for (String name : ports.keySet()) {
      if (name.length() > 63 || !PORT_NAME.matcher(name).matches()) {
        reader.error("ports", '"' + name + '"', "a port name of letters, digits and inner '-'");
      }
    }
    if (address.startsWith(UNIX) && !ports.isEmpty()) {
      reader.error("ports", "ports of a unix socket", "none beside a unix:// address");
    }
    String serviceAccount = reader.string("serviceAccount");
    if (serviceAccount.length() > 253) {
      reader.error("serviceAccount", serviceAccount.length() + " characters", "at most 253");
    }
    return new WorkloadEntry(
        address,
        ports,
        Selectors.labels(reader, "labels"),
        reader.string("network"),
        Locality.parse(reader.string("locality")),
        reader.unsigned("weight"),
        serviceAccount,
        true);
  }

  /** Checks the address of an entry that stands for itself. */
  public static void checkAddress(ObjectReader reader, WorkloadEntry entry) {
    String address = entry.address();
    if (address.isEmpty()) {
      if (entry.network().isEmpty()) {
        reader.error("address", "nothing", "an address, a host name or unix:///path");
      } else {
        reader.warn("address", "nothing", "an address; only the network's gateway is known");
      }
    } else if (address.startsWith(UNIX)) {
      checkUnix(reader, "address", address);
    } else if (!Names.isIp(address) && !Names.isFqdn(address)) {
      reader.error(
          "address", '"' + address + '"', "an address, a host name without port, or unix:///path");
    }
  }

  /** Checks a {@code unix://} address: an absolute path of a file, or an abstract name. */
  public static void checkUnix(ObjectReader reader, String field, String address) {
    String path = address.substring(UNIX.length());
    boolean named = path.startsWith("/") || path.startsWith("@");
    if (!named || path.endsWith("/") || path.length() < 2) {
      reader.error(
          field, '"' + address + '"', "unix:// and the absolute path of a socket, or unix://@name");
    }
  }
}
