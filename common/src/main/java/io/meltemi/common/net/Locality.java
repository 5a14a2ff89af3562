package io.meltemi.common.net;

/** Region, zone and sub-zone of a workload (Envoy {@code core.v3.Locality}); parts may be empty. */
public record Locality(String region, String zone, String subZone) {
  public static final Locality UNKNOWN = new Locality("", "", "");

  /** Parses {@code region/zone/subzone}; missing parts are empty. */
  public static Locality parse(String text) {
    String[] parts = text.split("/", 3);
    return new Locality(
        parts[0], parts.length > 1 ? parts[1] : "", parts.length > 2 ? parts[2] : "");
  }

  public boolean isUnknown() {
    return region.isEmpty() && zone.isEmpty() && subZone.isEmpty();
  }

  /** {@code region/zone/subzone} without trailing empty parts. */
  @Override
  public String toString() {
    if (!subZone.isEmpty()) {
      return region + "/" + zone + "/" + subZone;
    }
    return zone.isEmpty() ? region : region + "/" + zone;
  }
}
