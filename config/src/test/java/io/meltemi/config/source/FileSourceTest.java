package io.meltemi.config.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.time.Ticker;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.testing.FakeTicker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSourceTest {
  private static final Duration LONG = Duration.ofSeconds(1);

  @TempDir private Path directory = Path.of("unset");

  private final FakeTicker ticker = new FakeTicker();
  private final ConfigStore store = new ConfigStore();

  private FileSource source(FileSourceSettings settings) {
    return new FileSource(settings, new ResourceDecoder(Kinds.ALL), ticker);
  }

  private static String namespace(String name) {
    return "{apiVersion: v1, kind: Namespace, metadata: {name: " + name + "}}\n";
  }

  private void write(String file, String text) throws IOException {
    Path path = directory.resolve(file);
    Files.createDirectories(path.resolveSibling(""));
    Files.writeString(path, text);
  }

  private List<String> namespaces() {
    return store.snapshot().list(Kinds.NAMESPACE).stream().map(Resource::name).toList();
  }

  @Test
  void readsYamlAndJsonAndNothingElse() throws IOException {
    write("a.yaml", namespace("a"));
    write("b.yml", namespace("b"));
    write(
        "c.json",
        "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"c\"}}");
    write("d.txt", namespace("d"));
    write(".e.yaml", namespace("e"));
    write("f.yaml~", namespace("f"));
    write(".hidden/g.yaml", namespace("g"));
    write("deep/er/h.yaml", namespace("h"));
    store.update(source(FileSourceSettings.recursive(directory)).poll());
    assertEquals(List.of("a", "b", "c", "h"), namespaces());
    ConfigStore top = new ConfigStore();
    top.update(source(FileSourceSettings.topLevel(directory)).poll());
    assertEquals(3, top.snapshot().size());
  }

  @Test
  void readsOnlyWhatHasOtherContent() throws IOException {
    write("a.yaml", namespace("a"));
    write("b.yaml", namespace("b"));
    FileSource source = source(FileSourceSettings.recursive(directory));
    assertEquals(2, source.poll().size());
    assertEquals(0, source.poll().size());
    Files.setLastModifiedTime(
        directory.resolve("a.yaml"), java.nio.file.attribute.FileTime.fromMillis(1));
    assertEquals(0, source.poll().size());
    write("b.yaml", namespace("other"));
    assertEquals(1, source.poll().size());
  }

  @Test
  void believesInDeletionAfterAMoment() throws IOException {
    write("a.yaml", namespace("a"));
    FileSource source = source(FileSourceSettings.recursive(directory));
    store.update(source.poll());
    Files.delete(directory.resolve("a.yaml"));
    store.update(source.poll());
    assertEquals(List.of("a"), namespaces());
    ticker.advance(LONG);
    store.update(source.poll());
    assertEquals(List.of(), namespaces());
  }

  @Test
  void replacingAFileNeverTakesItsResources() throws IOException {
    write("a.yaml", namespace("a"));
    FileSource source = source(FileSourceSettings.recursive(directory));
    store.update(source.poll());
    // as an editor does: away with the old one, then the new one
    Files.move(directory.resolve("a.yaml"), directory.resolve("a.yaml~"));
    store.update(source.poll());
    assertEquals(List.of("a"), namespaces());
    write("a.yaml", namespace("a") + "---\n" + namespace("b"));
    store.update(source.poll());
    assertEquals(List.of("a", "b"), namespaces());
    // cut off, then written again
    write("a.yaml", "");
    store.update(source.poll());
    assertEquals(List.of("a", "b"), namespaces());
    write("a.yaml", namespace("c"));
    store.update(source.poll());
    assertEquals(List.of("c"), namespaces());
    // really emptied
    write("a.yaml", "");
    store.update(source.poll());
    ticker.advance(LONG);
    store.update(source.poll());
    assertEquals(List.of(), namespaces());
  }

  @Test
  void brokenFileKeepsItsResourcesAndIsReported() throws IOException {
    write("a.yaml", namespace("a"));
    FileSource source = source(FileSourceSettings.recursive(directory));
    store.update(source.poll());
    write("a.yaml", namespace("b") + "---\nkind: [");
    store.update(source.poll());
    assertEquals(List.of("a"), namespaces());
    assertEquals(3, store.problems().getFirst().violation().origin().line());
    write("a.yaml", namespace("b"));
    store.update(source.poll());
    assertEquals(List.of("b"), namespaces());
    assertEquals(List.of(), store.problems());
  }

  @Test
  void missingDirectoryIsAnErrorAndKeepsWhatWasRead() throws IOException {
    Path gone = directory.resolve("gone");
    FileSource source = source(FileSourceSettings.recursive(gone));
    store.update(source.poll());
    assertEquals("no such directory", store.problems().getFirst().violation().found());
    Files.createDirectory(gone);
    Files.writeString(gone.resolve("a.yaml"), namespace("a"));
    store.update(source.poll());
    assertEquals(List.of(), store.problems());
    assertEquals(List.of("a"), namespaces());
    Files.delete(gone.resolve("a.yaml"));
    Files.delete(gone);
    ticker.advance(LONG);
    store.update(source.poll());
    ticker.advance(LONG);
    store.update(source.poll());
    assertEquals(List.of("a"), namespaces());
    assertEquals(1, store.problems().size());
  }

  @Test
  void hugeAndStrangeFilesAreErrorsOfTheirOwn() throws IOException {
    write("ok.yaml", namespace("ok"));
    write("huge.yaml", "# " + "x".repeat(2000));
    Files.write(directory.resolve("bytes.yaml"), new byte[] {(byte) 0xC3, 0x28});
    write("zero.yaml", "a: \u0000");
    Files.createSymbolicLink(directory.resolve("dangling.yaml"), Path.of("nowhere"));
    Files.createSymbolicLink(directory.resolve("loop"), directory);
    Files.createSymbolicLink(directory.resolve("link.yaml"), Path.of("ok.yaml"));
    FileSourceSettings usual = FileSourceSettings.recursive(directory);
    FileSourceSettings small =
        new FileSourceSettings(
            directory,
            usual.include(),
            100,
            1000,
            usual.quiet(),
            usual.poll(),
            usual.gone(),
            usual.yaml());
    FileSource source = source(small);
    store.update(source.poll());
    assertEquals(List.of("ok"), namespaces());
    List<String> told = store.problems().stream().map(p -> p.violation().found()).toList();
    assertEquals(
        List.of(
            "bytes that are no UTF-8",
            "a link to nothing",
            "2002 bytes",
            "a link to a folder around it",
            "the same Namespace again",
            "character U+0000"),
        told);
    Files.writeString(directory.resolve("huge.yaml"), namespace("huge"));
    Files.delete(directory.resolve("loop"));
    Files.delete(directory.resolve("dangling.yaml"));
    store.update(source.poll());
    assertEquals(List.of("huge", "ok"), namespaces());
    assertEquals(3, store.problems().size());
  }

  @Test
  void followsChangesLive() throws Exception {
    BlockingQueue<List<String>> heard = new LinkedBlockingQueue<>();
    write("a.yaml", namespace("a"));
    try (FileSource source =
        new FileSource(
            FileSourceSettings.recursive(directory),
            new ResourceDecoder(Kinds.ALL),
            Ticker.system())) {
      source.start(store);
      assertEquals(List.of("a"), namespaces());
      store.addListener(
          new ConfigStore.Listener() {
            @Override
            public void changed(List<ConfigChange> changes, ConfigSnapshot snapshot) {
              heard.add(changes.stream().map(ConfigChange::toString).toList());
            }
          });
      Path staged = directory.resolve("b.tmp");
      Files.writeString(staged, namespace("b"));
      Files.move(staged, directory.resolve("b.yaml"), StandardCopyOption.ATOMIC_MOVE);
      assertEquals(List.of("added Namespace b"), heard.poll(10, TimeUnit.SECONDS));
      write("new/folder/c.yaml", namespace("c"));
      assertEquals(List.of("added Namespace c"), heard.poll(10, TimeUnit.SECONDS));
      Files.delete(directory.resolve("a.yaml"));
      assertEquals(List.of("removed Namespace a"), heard.poll(10, TimeUnit.SECONDS));
    }
    write("a.yaml", namespace("late"));
    assertTrue(heard.isEmpty());
  }
}
