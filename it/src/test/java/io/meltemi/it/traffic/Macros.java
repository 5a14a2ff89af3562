package io.meltemi.it.traffic;

import io.meltemi.testing.WasmModules;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What stands for {@code $(...)} in a case. */
final class Macros {
  private static final Pattern MACRO = Pattern.compile("\\$\\(([^()]+)\\)");
  private static final AtomicLong UNIQUE = new AtomicLong();

  private final World world;
  private final String name;
  private Map<String, Topology.Pod> extra = Map.of();

  /**
   * @param name of the case
   */
  Macros(World world, String name) {
    this.world = world;
    this.name = name;
  }

  /** Sets the pods that the case has beside those of the topology. */
  void pods(Map<String, Topology.Pod> pods) {
    extra = pods;
  }

  /** The text with what its macros stand for. */
  String expand(String text) {
    if (!text.contains("$(")) {
      return text;
    }
    Matcher matcher = MACRO.matcher(text);
    StringBuilder out = new StringBuilder();
    while (matcher.find()) {
      matcher.appendReplacement(out, Matcher.quoteReplacement(macro(matcher.group(1))));
    }
    return matcher.appendTail(out).toString();
  }

  private String macro(String written) {
    String[] parts = written.split(":", 2);
    String argument = parts.length > 1 ? parts[1] : "";
    return switch (parts[0]) {
      case "uid" -> "u" + UNIQUE.incrementAndGet();
      case "case" -> name;
      case "x" -> "x".repeat(Integer.parseInt(argument));
      case "ip" ->
          Optional.ofNullable(extra.get(argument))
              .orElseGet(() -> world.topology.pod(argument))
              .ip();
      case "free" -> world.topology.free(Integer.parseInt(argument));
      case "vip" -> world.topology.vip(argument).orElseThrow();
      case "local" -> String.valueOf(world.localPort(argument));
      case "pki" -> world.pki().resolve(argument).toString();
      case "wasm" -> module(argument);
      case "b64" ->
          Base64.getEncoder().encodeToString(file(argument).getBytes(StandardCharsets.US_ASCII));
      case "indent" -> {
        String[] how = argument.split(":", 2);
        yield file(how[1]).strip().replace("\n", "\n" + " ".repeat(Integer.parseInt(how[0])));
      }
      default -> throw new IllegalArgumentException("unknown macro " + written);
    };
  }

  /**
   * A module in a file of its own. Those of equal bytes share a machine, which keeps one
   * configuration; {@code NAME:N} differs by a section without meaning.
   */
  private String module(String argument) {
    String[] how = argument.split(":", 2);
    byte[] code = WasmModules.assemble(how[0]);
    if (how.length > 1) {
      byte[] mark = how[1].getBytes(StandardCharsets.US_ASCII);
      int length = code.length;
      code = Arrays.copyOf(code, length + 3 + mark.length);
      code[length + 1] = (byte) (1 + mark.length);
      code[length + 2] = (byte) mark.length;
      System.arraycopy(mark, 0, code, length + 3, mark.length);
    }
    try {
      return Files.write(world.pki().resolve(argument.replace(':', '-') + ".wasm"), code)
          .toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String file(String name) {
    try {
      return Files.readString(world.pki().resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As {@link #expand} with every text of a tree. */
  @Nullable Object deep(@Nullable Object value) {
    return switch (value) {
      case String text -> expand(text);
      case Map<?, ?> map -> {
        Map<String, Object> all = new LinkedHashMap<>();
        map.forEach(
            (k, v) -> all.put(expand(String.valueOf(k)), Objects.requireNonNullElse(deep(v), "")));
        yield all;
      }
      case List<?> list -> list.stream().map(this::deep).toList();
      case null -> null;
      default -> value;
    };
  }
}
