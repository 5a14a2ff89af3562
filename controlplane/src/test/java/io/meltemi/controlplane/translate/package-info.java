/** Tests of translation: worlds to translate, and recorded results to compare with. */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate;
