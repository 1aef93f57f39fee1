//===- Tiles.cpp - tiles of contractions that were measured ---------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Tiles.h"
#include "compiler/kernels/Cores.h"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

static constexpr StringLiteral kTile = "tile", kColumns = "columns",
                               kTurns = "turns", kBlocks = "blocks",
                               kRows = "rows", kUpTo = "up_to",
                               kKey = "contraction";

/// The table that gptc is built with, tiles.json.
static constexpr char kBuiltIn[] =
#include "compiler/kernels/Tiles.inc"
    ;

std::string gptc::tileKey(ContractOp op) {
  int64_t reads = 0, writes = 0;
  for (Operation &inner : op.getBody().front()) {
    auto load = dyn_cast<LoadOp>(inner);
    auto store = dyn_cast<StoreOp>(inner);
    auto isRow = [&](Type type) {
      auto vector = dyn_cast<VectorType>(type);
      return vector && vector.getNumElements() == int64_t(op.getN());
    };
    reads += load && isRow(load.getY().getType());
    writes += store && isRow(store.getValue().getType());
  }
  std::string element;
  llvm::raw_string_ostream(element)
      << cast<MemRefType>(op.getA().getType()).getElementType();
  std::string rows = "rows", terms = std::to_string(op.getK());
  if (op.getTransposedA()) {
    rows = std::to_string(op.getM());
    terms = "rows";
  }
  std::string batch = op.getBatch() == 1 ? "" : ", batched";
  return llvm::formatv("{0} {1} x {2} over {3}{4}{5}{6}, reads {7}, writes {8}",
                       element, rows, op.getN(), terms,
                       op.getTransposedA() ? " a^T" : "",
                       op.getTransposedB() ? " b^T" : "", batch, reads, writes);
}

int64_t gptc::tilesOfProduct(ContractOp op, int64_t columns) {
  return llvm::divideCeil(op.getM(), kTileM) *
         llvm::divideCeil(op.getN(), columns);
}

std::optional<Tile> gptc::tileOf(ContractOp op) {
  auto tile = op->getAttrOfType<DictionaryAttr>(kTile);
  if (!tile)
    return std::nullopt;
  auto number = [&](StringRef name) -> int64_t {
    auto found = tile.getAs<IntegerAttr>(name);
    return found ? found.getInt() : 0;
  };
  return Tile{number(kColumns), tile.contains(kTurns), number(kBlocks),
              number(kRows)};
}

void gptc::setTile(ContractOp op, const Tile &tile) {
  Builder b(op.getContext());
  NamedAttrList list;
  list.append(kColumns, b.getI64IntegerAttr(tile.columns));
  if (tile.turns)
    list.append(kTurns, b.getUnitAttr());
  if (tile.blocks)
    list.append(kBlocks, b.getI64IntegerAttr(tile.blocks));
  if (tile.rows)
    list.append(kRows, b.getI64IntegerAttr(tile.rows));
  op->setAttr(kTile, list.getDictionary(op.getContext()));
}

std::optional<Tile> gptc::findTile(const TileTable &table, StringRef key,
                                   ContractOp op) {
  int64_t rows = op.getTransposedA() ? op.getK() : op.getM();
  auto holds = [&](const TileRow &row) {
    // Half as many tiles would leave multiprocessors idle where rows are few.
    const Tile &tile = row.tile;
    int64_t across = llvm::divideCeil(op.getN(), tile.columns);
    return rows <= row.upTo &&
           (!tile.rows ||
            op.getBatch() * across * llvm::divideCeil(op.getM(), tile.rows) >=
                kMultiprocessors);
  };
  const TileRow *best = nullptr;
  if (auto found = table.find(key); found != table.end())
    for (const TileRow &row : found->second)
      if (holds(row) && (!best || row.upTo < best->upTo))
        best = &row;
  return best ? std::optional(best->tile) : std::nullopt;
}

/// A row's key and tile; what is wrong with it otherwise.
static llvm::Expected<std::pair<StringRef, TileRow>>
readRow(const llvm::json::Value &element) {
  auto wrong = [](const Twine &what) { return llvm::createStringError(what); };
  const llvm::json::Object *row = element.getAsObject();
  std::optional<StringRef> key = row ? row->getString(kKey) : std::nullopt;
  if (!key)
    return wrong("it is no object with a string '" + kKey + "'");
  TileRow found;
  Tile &tile = found.tile;
  for (const auto &[field, value] : *row) {
    StringRef name = field;
    std::optional<int64_t> number = value.getAsInteger();
    std::optional<bool> flag = value.getAsBoolean();
    if (name == kColumns && number)
      tile.columns = *number;
    else if (name == kBlocks && number)
      tile.blocks = *number;
    else if (name == kRows && number)
      tile.rows = *number;
    else if (name == kUpTo && number)
      found.upTo = *number;
    else if (name == kTurns && flag)
      tile.turns = *flag;
    else if (name != kKey)
      return wrong("'" + name +
                   "' is none of its fields (columns, rows, blocks and up_to, "
                   "numbers, and turns, true or false), or has another type");
  }
  if (!tile.hasColumns())
    return wrong("'columns' must be 64, 128, 192 or 256");
  if (tile.blocks < 0)
    return wrong("'blocks' must be a number of blocks, or 0");
  if (tile.rows && tile.rows != 2 * kTileM)
    return wrong("'rows' must be 256, or be left out");
  if (found.upTo < 1)
    return wrong("'up_to' must be a number of rows");
  return std::pair(*key, found);
}

FailureOr<TileTable> gptc::readTiles(MLIRContext *context, StringRef path) {
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  StringRef name = path.empty() ? "tiles.json" : path;
  Location loc = FileLineColLoc::get(context, name, 0, 0);
  if (path.empty()) {
    buffer = llvm::MemoryBuffer::getMemBuffer(kBuiltIn);
  } else {
    auto file = llvm::MemoryBuffer::getFile(path);
    if (!file)
      return emitError(loc, "cannot be read: ") << file.getError().message();
    buffer = std::move(*file);
  }
  auto parsed = llvm::json::parse(buffer->getBuffer());
  if (!parsed)
    return emitError(loc, "is no table of tiles: ")
           << llvm::toString(parsed.takeError());
  const llvm::json::Array *rows = parsed->getAsArray();
  if (!rows)
    return emitError(loc, "is no table of tiles: it is no list of rows");
  TileTable table;
  for (auto [i, value] : llvm::enumerate(*rows)) {
    auto row = readRow(value);
    if (!row)
      return emitError(loc, "row ")
             << i << ": " << llvm::toString(row.takeError());
    auto &rows = table[row->first];
    int64_t upTo = row->second.upTo;
    auto same = [&](const TileRow &other) { return other.upTo == upTo; };
    if (llvm::any_of(rows, same))
      return emitError(loc, "row ")
             << i << ": '" << row->first << "' has a row already";
    rows.push_back(row->second);
  }
  return table;
}
