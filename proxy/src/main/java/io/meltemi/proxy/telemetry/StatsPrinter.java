package io.meltemi.proxy.telemetry;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Stats as text, in the forms of Envoy's admin interface: {@code /stats}, {@code
 * /stats?format=json} and {@code /stats/prometheus} with Envoy's default tags. Any thread.
 */
public final class StatsPrinter {
  private static final double[] QUANTILES = {0, .25, .5, .75, .9, .95, .99, .995, .999, 1};
  private static final String[] QUANTILE_NAMES = {
    "P0", "P25", "P50", "P75", "P90", "P95", "P99", "P99.5", "P99.9", "P100"
  };

  private StatsPrinter() {}

  private sealed interface Value {
    record Single(long value, boolean counter) implements Value {}

    record Buckets(Distribution distribution) implements Value {}
  }

  private static Map<String, Value> collect(
      Stats stats, boolean usedOnly, Predicate<String> filter) {
    TreeMap<String, Value> values = new TreeMap<>();
    stats.visit(
        new StatVisitor() {
          @Override
          public void counter(String prefix, String name, long value) {
            number(prefix + name, value, true);
          }

          @Override
          public void gauge(String prefix, String name, long value) {
            number(prefix + name, value, false);
          }

          private void number(String name, long value, boolean counter) {
            if ((!usedOnly || value != 0) && filter.test(name)) {
              values.put(name, new Value.Single(value, counter));
            }
          }

          @Override
          public void histogram(String prefix, String name, Distribution distribution) {
            if ((!usedOnly || distribution.count() > 0) && filter.test(prefix + name)) {
              values.put(prefix + name, new Value.Buckets(distribution));
            }
          }
        });
    return values;
  }

  /** One {@code name: value} a line, sorted; histograms last. */
  public static String text(Stats stats, boolean usedOnly, Predicate<String> filter) {
    StringBuilder numbers = new StringBuilder();
    StringBuilder histograms = new StringBuilder();
    collect(stats, usedOnly, filter)
        .forEach(
            (name, value) -> {
              switch (value) {
                case Value.Single number ->
                    numbers.append(name).append(": ").append(number.value()).append('\n');
                case Value.Buckets buckets -> {
                  histograms.append(name).append(": ");
                  summary(buckets.distribution(), histograms);
                  histograms.append('\n');
                }
              }
            });
    return numbers.append(histograms).toString();
  }

  private static void summary(Distribution distribution, StringBuilder out) {
    if (distribution.count() == 0) {
      out.append("No recorded values");
      return;
    }
    for (int i = 0; i < QUANTILES.length; i++) {
      out.append(i == 0 ? "" : " ")
          .append(QUANTILE_NAMES[i])
          .append("(nan,")
          .append(rounded(distribution.quantile(QUANTILES[i])))
          .append(')');
    }
  }

  private static String rounded(double value) {
    double tenth = Math.rint(value * 100) / 100;
    return tenth == Math.rint(tenth) ? Long.toString((long) tenth) : Double.toString(tenth);
  }

  /** {@code {"stats":[{"name":…,"value":…},…,{"histograms":…}]}}. */
  public static String json(Stats stats, boolean usedOnly, Predicate<String> filter) {
    StringBuilder out = new StringBuilder("{\"stats\":[");
    StringBuilder histograms = new StringBuilder();
    String[] separator = {""};
    collect(stats, usedOnly, filter)
        .forEach(
            (name, value) -> {
              switch (value) {
                case Value.Single number -> {
                  out.append(separator[0]).append("{\"name\":");
                  JsonText.quote(name, out);
                  out.append(",\"value\":").append(number.value()).append('}');
                  separator[0] = ",";
                }
                case Value.Buckets buckets -> {
                  histograms.append(histograms.isEmpty() ? "" : ",").append("{\"name\":");
                  JsonText.quote(name, histograms);
                  histograms.append(",\"values\":[");
                  for (int i = 0; i < QUANTILES.length; i++) {
                    double quantile = buckets.distribution().quantile(QUANTILES[i]);
                    histograms
                        .append(i == 0 ? "" : ",")
                        .append("{\"interval\":null,\"cumulative\":")
                        .append(Double.isNaN(quantile) ? "null" : rounded(quantile))
                        .append('}');
                  }
                  histograms.append("]}");
                }
              }
            });
    if (!histograms.isEmpty()) {
      out.append(separator[0])
          .append("{\"histograms\":{\"supported_quantiles\":[0,25,50,75,90,95,99,99.5,99.9,100],")
          .append("\"computed_quantiles\":[")
          .append(histograms)
          .append("]}}");
    }
    return out.append("]}").toString();
  }

  /** The Prometheus text format, version 0.0.4. */
  public static String prometheus(Stats stats, boolean usedOnly, Predicate<String> filter) {
    TreeMap<String, Family> families = new TreeMap<>();
    stats.visit(
        new StatVisitor() {
          @Override
          public void counter(String prefix, String name, long value) {
            number(prefix, name, value, "counter");
          }

          @Override
          public void gauge(String prefix, String name, long value) {
            number(prefix, name, value, "gauge");
          }

          private void number(String prefix, String name, long value, String type) {
            if ((!usedOnly || value != 0) && filter.test(prefix + name)) {
              StatName tagged = StatName.of(prefix, name);
              family(tagged, type)
                  .lines
                  .add(tagged.name() + labels(tagged.tags(), "") + " " + value);
            }
          }

          @Override
          public void histogram(String prefix, String name, Distribution distribution) {
            if ((!usedOnly || distribution.count() > 0) && filter.test(prefix + name)) {
              StatName tagged = StatName.of(prefix, name);
              buckets(tagged, distribution, family(tagged, "histogram").lines);
            }
          }

          private Family family(StatName tagged, String type) {
            return families.computeIfAbsent(
                tagged.name(), _ -> new Family(type, new ArrayList<>()));
          }
        });
    StringBuilder out = new StringBuilder();
    families.forEach(
        (name, family) -> {
          out.append("# TYPE ").append(name).append(' ').append(family.type).append('\n');
          family.lines.forEach(line -> out.append(line).append('\n'));
        });
    return out.toString();
  }

  private record Family(String type, List<String> lines) {}

  private static void buckets(StatName name, Distribution distribution, List<String> lines) {
    for (int i = 0; i < distribution.bounds().length; i++) {
      double bound = distribution.bounds()[i];
      String text =
          bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
      lines.add(
          name.name()
              + "_bucket"
              + labels(name.tags(), "le=\"" + text + "\"")
              + " "
              + distribution.cumulative()[i]);
    }
    lines.add(
        name.name() + "_bucket" + labels(name.tags(), "le=\"+Inf\"") + " " + distribution.count());
    lines.add(name.name() + "_sum" + labels(name.tags(), "") + " " + distribution.sum());
    lines.add(name.name() + "_count" + labels(name.tags(), "") + " " + distribution.count());
  }

  private static String labels(Map<String, String> tags, String last) {
    StringBuilder out = new StringBuilder("{");
    tags.forEach(
        (key, value) -> {
          out.append(out.length() == 1 ? "" : ",").append(key).append("=\"");
          out.append(value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n"));
          out.append('"');
        });
    if (!last.isEmpty()) {
      out.append(out.length() == 1 ? "" : ",").append(last);
    }
    return out.append('}').toString();
  }
}
