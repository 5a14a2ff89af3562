package io.meltemi.testing;

import com.dylibso.chicory.wabt.Wat2Wasm;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * WebAssembly modules for proxies (proxy-wasm ABI 0.2.1), written as text in the resources beside
 * this class; the first lines of each say what it does. The text is what stands inside {@code
 * (module ...)} behind {@code prelude.wat}. {@code (text "...")} stands for the address and the
 * length of a constant.
 */
public final class WasmModules {
  private static final Pattern TEXT =
      Pattern.compile("\\(text\\s+\"((?:[^\"\\\\]|\\\\[0-9a-f]{2})*)\"\\s*\\)");

  /** Of the constants, behind what the modules use themselves. */
  private static final int TEXTS_START = 64;

  private static final ConcurrentHashMap<String, byte[]> ASSEMBLED = new ConcurrentHashMap<>();

  private WasmModules() {}

  /** The binary form of a module, such as {@code headers}. */
  public static byte[] assemble(String name) {
    return ASSEMBLED.computeIfAbsent(name, WasmModules::read).clone();
  }

  /** The binary form in a file {@code <name>.wasm} of a folder. */
  public static Path write(String name, Path folder) {
    try {
      return Files.write(folder.resolve(name + ".wasm"), assemble(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The binary form of a module in this notation.
   *
   * @param prelude changes what stands before
   */
  public static byte[] assembleText(String fields, UnaryOperator<String> prelude) {
    StringBuilder module = new StringBuilder("(module\n");
    StringBuilder data = new StringBuilder();
    Matcher texts = TEXT.matcher(prelude.apply(resource("prelude")) + fields);
    int at = TEXTS_START;
    while (texts.find()) {
      String text = texts.group(1);
      int length = text.replaceAll("\\\\..", "x").length();
      texts.appendReplacement(module, "(i32.const " + at + ") (i32.const " + length + ")");
      data.append("(data (i32.const ").append(at).append(") \"").append(text).append("\")\n");
      at += length;
    }
    texts.appendTail(module);
    return Wat2Wasm.parse(module.append(data).append(")\n").toString());
  }

  private static byte[] read(String name) {
    return assembleText(resource(name), UnaryOperator.identity());
  }

  private static String resource(String name) {
    try (InputStream in = WasmModules.class.getResourceAsStream("wasm/" + name + ".wat")) {
      if (in == null) {
        throw new IllegalArgumentException("module: " + name + " (expected: one of the resources)");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
