package io.meltemi.config.traffic;

import io.meltemi.config.resource.Names;
import io.meltemi.config.yaml.ObjectReader;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Istio's rules for host names, and for the namespaces that a resource is exported to. */
public final class Hosts {
  /** What a bad host name is answered with. */
  public static final String EXPECTED =
      "a host name such as reviews or *.example.com; '*' only as the whole first label";

  private Hosts() {}

  /** True when some host could belong to both names; {@code *} and {@code *.} are wildcards. */
  public static boolean overlap(String one, String other) {
    String a = one.toLowerCase(Locale.ROOT);
    String b = other.toLowerCase(Locale.ROOT);
    boolean wildcardA = a.startsWith("*");
    boolean wildcardB = b.startsWith("*");
    if (wildcardA && wildcardB) {
      String suffixA = a.substring(1);
      String suffixB = b.substring(1);
      return suffixA.endsWith(suffixB) || suffixB.endsWith(suffixA);
    }
    if (wildcardA) {
      return b.endsWith(a.substring(1));
    }
    return wildcardB ? a.endsWith(b.substring(1)) : a.equals(b);
  }

  /** True when every host of the second name belongs to the first. */
  public static boolean covers(String wide, String narrow) {
    String a = wide.toLowerCase(Locale.ROOT);
    String b = narrow.toLowerCase(Locale.ROOT);
    if (!a.startsWith("*")) {
      return a.equals(b);
    }
    return (b.startsWith("*") ? b.substring(1) : b).endsWith(a.substring(1));
  }

  /** Reads the namespaces a resource is exported to. */
  public static List<String> exportTo(ObjectReader reader, String namespace, boolean noneAllowed) {
    List<String> exportTo = reader.strings("exportTo");
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < exportTo.size(); i++) {
      String entry = exportTo.get(i);
      boolean special =
          entry.equals("*") || entry.equals(".") || (noneAllowed && entry.equals("~"));
      if (!special && !Names.isDnsLabel(entry)) {
        reader.error(
            "exportTo",
            i,
            '"' + entry + '"',
            "'*', '.'" + (noneAllowed ? ", '~'" : "") + " or the name of a namespace");
      } else if (!seen.add(entry.equals(".") ? namespace : entry)) {
        reader.error("exportTo", i, '"' + entry + '"', "each namespace once");
      }
      if (exportTo.size() > 1 && (entry.equals("*") || entry.equals("~"))) {
        reader.error("exportTo", i, "'" + entry + "' beside others", "'" + entry + "' alone");
      }
    }
    return exportTo;
  }
}
