/** [account, lon, lat]: where the subscribers of Portugal's provider are. One is in Madrid. */
export const portuguesePlaces: readonly (readonly [account: string, lon: number, lat: number])[] = [
  ['caller1', -9.1393, 38.7223], // Lisboa
  ['caller2', -8.6291, 41.1579], // Porto
  ['caller3', -8.4292, 40.2056], // Coimbra
  ['caller4', -7.9304, 37.0194], // Faro
  ['caller5', -16.9241, 32.6669], // Funchal
  ['caller6', -25.6687, 37.7412], // Ponta Delgada
  ['caller9', -3.7038, 40.4168], // Madrid
];

/** Where subscribers of Spain's provider are that are not at home. */
export const spaniardsAbroad: readonly (readonly [account: string, lon: number, lat: number])[] = [
  ['caller8', -8.6291, 41.1579], // Porto
  ['caller9', -9.1393, 38.7223], // Lisboa
];
