@org.jspecify.annotations.NullMarked
package io.meltemi.bench.translation;
