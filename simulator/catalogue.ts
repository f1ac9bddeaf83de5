/** What is sold in a category: the words that its titles, descriptions and tags are made of, and what things cost. */
export interface CategoryWords {
  label: string
  /** Things for sale; each is a topic with a direction of its own in the space of tastes. */
  topics: readonly string[]
  makers: readonly string[]
  qualities: readonly string[]
  details: readonly string[]
  /** Median price in cents. */
  price: number
}

/** The makers are invented. */
export const catalogue: readonly CategoryWords[] = [
  {
    label: 'sneakers',
    topics: ['running shoes', 'high tops', 'skate shoes', 'basketball shoes', 'slides', 'trail runners', 'retro trainers'],
    makers: ['Velora', 'Kestrel Court', 'Nordstep', 'Palmgrove', 'Ovalis'],
    qualities: ['deadstock', 'lightly worn', 'limited', 'boxed', 'sample', 'signed'],
    details: ['size 42 and up', 'original laces', 'with receipt', 'double boxed', 'no creases'],
    price: 9_000,
  },
  {
    label: 'trading-cards',
    topics: ['booster packs', 'graded cards', 'rookie cards', 'holo singles', 'sealed boxes', 'vintage sets', 'promo cards'],
    makers: ['Dragonhold', 'Pitchside', 'Starling Leagues', 'Mythmere', 'Cardhaven'],
    qualities: ['mint', 'first edition', 'graded', 'sealed', 'shadowless', 'numbered'],
    details: ['pack by pack', 'pulls on camera', 'sleeved at once', 'population report shown', 'case fresh'],
    price: 3_500,
  },
  {
    label: 'vintage-fashion',
    topics: ['denim jackets', 'band shirts', 'silk scarves', 'leather coats', 'knit sweaters', 'party dresses', 'workwear'],
    makers: ['Maison Arlet', 'Redwood Mills', 'Casa Fiore', 'Hollin & Grey', 'Tanager'],
    qualities: ['vintage', 'seventies', 'nineties', 'faded', 'handmade', 'rare'],
    details: ['measured on stream', 'washed and mended', 'try-on haul', 'single stitch', 'made before 1995'],
    price: 4_500,
  },
  {
    label: 'watches',
    topics: ['dive watches', 'chronographs', 'dress watches', 'field watches', 'pocket watches', 'watch straps', 'digital watches'],
    makers: ['Aurelio', 'Bergmann & Sohn', 'Tidewell', 'Corvane', 'Lumen'],
    qualities: ['serviced', 'automatic', 'military', 'gold-plated', 'full set', 'unpolished'],
    details: ['timegrapher shown', 'box and papers', 'sapphire glass', 'new gaskets', 'movement opened live'],
    price: 28_000,
  },
  {
    label: 'coins',
    topics: ['silver dollars', 'gold coins', 'ancient coins', 'proof sets', 'error coins', 'banknotes', 'silver bars'],
    makers: ['Old Mint', 'Castellan', 'Royal Harbour', 'Denarius House', 'Eagle Crown'],
    qualities: ['uncirculated', 'toned', 'slabbed', 'hoard', 'proof', 'key date'],
    details: ['weighed on camera', 'roll hunting', 'certified', 'spot price minus', 'estate collection'],
    price: 7_000,
  },
  {
    label: 'comics',
    topics: ['silver age comics', 'manga volumes', 'variant covers', 'graphic novels', 'original art', 'key issues', 'indie zines'],
    makers: ['Nightglass', 'Paper Comet', 'Torii Press', 'Captain Vale', 'Inkwell'],
    qualities: ['slabbed', 'first print', 'signed', 'bagged', 'newsstand', 'foil'],
    details: ['boarded and bagged', 'page check live', 'first appearance', 'run from one collector', 'creator signed'],
    price: 2_800,
  },
  {
    label: 'toys',
    topics: ['building bricks', 'action figures', 'plush animals', 'model trains', 'die-cast cars', 'board games', 'blind boxes'],
    makers: ['Brickadoo', 'Tinker Rail', 'Moppet', 'Kaiju Garage', 'Figura'],
    qualities: ['retired', 'complete', 'carded', 'loose', 'limited', 'glow'],
    details: ['all parts counted', 'factory sealed', 'chase guaranteed', 'tested on the track', 'box with wear'],
    price: 3_200,
  },
  {
    label: 'electronics',
    topics: ['mechanical keyboards', 'headphones', 'handheld consoles', 'film cameras', 'drones', 'synthesizers', 'phone bundles'],
    makers: ['Quantic', 'Halcyon Audio', 'Pixelforge', 'Aerium', 'Modulo'],
    qualities: ['refurbished', 'open box', 'modded', 'retro', 'tested', 'boxed'],
    details: ['one year warranty', 'battery at ninety percent', 'sound test live', 'custom keycaps', 'region free'],
    price: 12_000,
  },
  {
    label: 'beauty',
    topics: ['lipsticks', 'perfume minis', 'skin care sets', 'nail polish', 'eye palettes', 'hair tools', 'sheet masks'],
    makers: ['Solenne', 'Dewlight', 'Maru Lab', 'Petal & Ash', 'Nocturne'],
    qualities: ['vegan', 'new season', 'bundle', 'travel size', 'limited', 'bestselling'],
    details: ['swatches on camera', 'sealed and dated', 'fragrance notes read', 'full routine shown', 'gift wrapped'],
    price: 2_400,
  },
  {
    label: 'plants',
    topics: ['monstera cuttings', 'orchids', 'cacti', 'bonsai', 'carnivorous plants', 'seed packs', 'hanging ferns'],
    makers: ['Greenhollow', 'Fern & Fable', 'Terrario', 'Sunny Sill', 'Moss Lane'],
    qualities: ['rooted', 'variegated', 'rare', 'pet-safe', 'blooming', 'miniature'],
    details: ['heat pack included', 'roots shown', 'bare root shipping', 'care card', 'grown from seed'],
    price: 2_600,
  },
  {
    label: 'ceramics',
    topics: ['stoneware mugs', 'porcelain bowls', 'raku vases', 'tea pots', 'glazed tiles', 'dinner plates', 'studio sculptures'],
    makers: ['Kilnhouse', 'Hana Pottery', 'Lowtide Studio', 'Marl', 'Ember & Clay'],
    qualities: ['hand-thrown', 'wood-fired', 'one-off', 'seconds', 'crackle', 'signed'],
    details: ['kiln opening live', 'dishwasher safe', 'maker in the studio', 'glaze recipe told', 'packed twice'],
    price: 3_800,
  },
  {
    label: 'vinyl-records',
    topics: ['jazz records', 'punk singles', 'hip hop records', 'film soundtracks', 'disco twelve-inches', 'ambient records', 'soul records'],
    makers: ['Bluebird Row', 'Needle Drop', 'Low Moon', 'Cratefire', 'Echo Parade'],
    qualities: ['first pressing', 'sealed', 'coloured', 'near mint', 'promo', 'gatefold'],
    details: ['played on stream', 'cleaned ultrasonically', 'matrix numbers read', 'from a DJ collection', 'with insert'],
    price: 3_000,
  },
]

export const hooks = [
  'one dollar starts', 'auctions all evening', 'no reserve', 'giveaway on the hour', 'live now', 'last chance',
  'new drop', 'collection sale', 'flash deals', 'come hang out', 'mystery lots', 'buy it now',
] as const

export const givenNames = [
  'Ada', 'Bashir', 'Carmen', 'Dmitri', 'Elif', 'Femi', 'Greta', 'Hiro', 'Ines', 'Jonas', 'Kavya', 'Luca', 'Mina', 'Noor',
  'Oskar', 'Priya', 'Quinn', 'Rosa', 'Sven', 'Thandi', 'Uma', 'Viktor', 'Wen', 'Ximena', 'Yusuf', 'Zoe',
] as const
export const familyNames = [
  'Abbas', 'Bergström', 'Costa', 'Diallo', 'Evans', 'Fischer', 'García', 'Haddad', 'Ito', 'Jensen', 'Kowalski', 'Lind',
  'Mbeki', 'Novak', 'Okafor', 'Park', 'Rao', 'Silva', 'Tanaka', 'Ueda', 'Vargas', 'Weber', 'Xu', 'Yilmaz', 'Zhang',
] as const
export const shopWords = ['Vault', 'Corner', 'House', 'Market', 'Finds', 'Attic', 'Gallery', 'Depot', 'Club', 'Room'] as const
export const countries = ['US', 'US', 'US', 'GB', 'DE', 'FR', 'CA', 'AU', 'JP', 'BR'] as const

/** Chat templates; `{topic}`, `{maker}` and `{quality}` are filled from the stream's category. */
export const remarks = [
  'hello from the back row', 'how much for the {topic}?', 'love the {quality} ones', 'is that {maker}?', 'show it closer please',
  'shipping to Europe?', 'those {topic} are so good', 'just got here, what did I miss', 'wow', 'take my money',
  'any more {topic} tonight?', '{maker} always holds up', 'what condition is it in?', 'last one was a steal', 'good luck everyone',
  'can you run the {quality} one next', 'gg', 'that price is wild', 'following!', 'been looking for {topic} for months',
] as const
